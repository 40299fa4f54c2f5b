"""The commands of ``python -m trainer``, one a file: ``add_arguments(parser)`` and ``run(given) -> text``."""
