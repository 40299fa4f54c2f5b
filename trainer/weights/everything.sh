#!/usr/bin/env bash
# Every bundled file, from nothing but MATERIAL: `make weights MATERIAL=folder` on a machine with a GPU.
#
# MATERIAL holds what is not ours to ship: TEACHER.xml and .bin (person-reidentification-retail-0277), and folders of
# pictures: clean/train and crowd/train and mars/train (PERSON/CAMERA/TRACKLET/*.jpg), scraps (any pictures),
# det (a YOLO set). The files in the box were made by these steps in two calls of 326 and 421 seconds on 2026-11-26, but
# for GRL's, whose heads learned afterwards on one core of a processor, from fewer generated people, in 34 minutes, and
# for the detector, which went on for 38 minutes on two cores.
set -euo pipefail
MATERIAL=${MATERIAL:?the folder of pictures and the teacher}
OUT=${OUT:-runs/weights}
MINUTES=${MINUTES:-5.2}
PYTHON=${PYTHON:-python3}
WORKERS=${WORKERS:-$(nproc)}
teacher="$MATERIAL/person-reidentification-retail-0277.xml"
mkdir -p "$OUT"
say() { echo "[$(date +%T)] $*"; }

say "generated people and crowds"
$PYTHON -m trainer.world sequences "$OUT/world" --people 2400 --cameras 18 --seed 20261101 --frames 8 --seen-by 3 \
  --size 256x128 --part train --workers "$WORKERS"
$PYTHON -m trainer.world sequences "$OUT/watched" --people 60 --cameras 6 --seed 20261102 --frames 6 --seen-by 3 \
  --size 256x128 --part query gallery --workers "$WORKERS"
$PYTHON -m trainer.world sequences "$OUT/fewer" --people 450 --cameras 12 --seed 20261106 --frames 8 --seen-by 3 \
  --size 256x128 --part train --workers "$WORKERS"
[ -d "$OUT/det" ] || $PYTHON -m trainer.world detections "$OUT/det" --images 2400 --size 640x384 --seed 20261103 \
  --workers "$WORKERS"

say "trunks"
$PYTHON -m trainer.weights trunk "$teacher" "$OUT/compact.safetensors" "$MATERIAL/clean=.25" "$MATERIAL/scraps=.15" \
  "$MATERIAL/mars=.35" "$MATERIAL/crowd=.25" --trunk compact --minutes 2.4
$PYTHON -m trainer.weights trunk "$teacher" "$OUT/solid.safetensors" "$MATERIAL/clean=.3" "$MATERIAL/scraps=.2" \
  "$OUT/world/train=.5" --trunk solid --minutes 2.1
say "people to learn from: research and heads hold pictures for research only, clean does not"
for set in research heads clean; do
  mkdir -p "$OUT/$set/train"
  ln -sfn "$(realpath "$OUT/watched/query")" "$OUT/$set/query"
  ln -sfn "$(realpath "$OUT/watched/gallery")" "$OUT/$set/gallery"
  generated=$([ $set = heads ] && echo fewer || echo world)
  for who in "$OUT/$generated"/train/*; do ln -sfn "$(realpath "$who")" "$OUT/$set/train/w$(basename "$who")"; done
  for who in "$MATERIAL"/clean/train/*; do ln -sfn "$(realpath "$who")" "$OUT/$set/train/i$(basename "$who")"; done
done
for set in research heads; do
  for who in "$MATERIAL"/mars/train/*; do ln -sfn "$(realpath "$who")" "$OUT/$set/train/m$(basename "$who")"; done
  for who in "$MATERIAL"/crowd/train/*; do ln -sfn "$(realpath "$who")" "$OUT/$set/train/c$(basename "$who")"; done
done

say "models, all at once, and the detector"
$PYTHON -m trainer.weights targets "$teacher" folder "$OUT/clean" "$OUT/clean.npz"
cd "$OUT"
train() {
  recipe=$1 set=$2 name=$3
  shift 3
  $PYTHON -m trainer train "$recipe" folder "$set" --out "runs/$name" --seed 1 --set relight=0.6 evaluate_every=0 \
    max_minutes="$MINUTES" "$@" >"$name.log" 2>&1
}
small="weights=compact.safetensors backbone=compact"
train ours clean ours weights=solid.safetensors backbone=solid targets=clean.npz distill=cosine distill_weight=4 &
train stmp research stmp $small &
train rgsat research rgsat $small &
train gltr research gltr $small identities=32 epochs=60 decay_at=40 frame_epochs=20 &
train tcl/full_tri research tclnet $small &
$PYTHON -m trainer.weights detector detector det "$(realpath "$MATERIAL/det")" --hours 0.088 --device 0 >detector.log 2>&1 &
wait
say "the detector goes on, people shown larger too (made so on two cores; of further pictures whose seed was not noted)"
[ -d det2 ] || $PYTHON -m trainer.world detections det2 --images 900 --size 640x384 --seed 20261107 --workers "$WORKERS"
{ $PYTHON -m trainer.weights detector further det2 "$(realpath "$MATERIAL/det")" --start detector/weights/last.pt \
    --lr 2e-4 --zoom 0.8 --hours 0.62 --batch 16 --size 512 --seed 7 --device cpu >further.log 2>&1 &&
  $PYTHON -m trainer.weights mean detector/weights/last.pt further/weights/last.pt person-detector.pt; } &
say "GRL's heads, on RGSAT's trunk: from the distilled trunk itself it did not pass colour histograms"
train grl heads grl weights=runs/rgsat/model.safetensors backbone=compact still=trunk clip_length=4 lr=0.003 epochs=4 \
  decay_at=2,3 evaluate_late=0,0 max_minutes=0
wait
say "done; python -m trainer.weights bundle puts each into resources/weights with its card"
