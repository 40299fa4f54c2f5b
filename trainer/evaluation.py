"""interim"""
import numpy as np, torch
from reid_engine.pixels import Preparation
from reid_engine.ranking import score_ranking, distances
from trainer.pictures import decoded
import inspect
class R:
    def __init__(self,d): self.d=d
    def figures(self): return self.d
def evaluate(model, dataset, *, rerank=False, control=None, threads=1):
    p=Preparation.of(model.spec); dev=next(model.parameters()).device
    t=dataset.trials[0]
    def emb(ts): return np.stack([model.embed_tracklet(torch.from_numpy(p.clip([decoded(f) for f in x.frames])).to(dev)).float().cpu().numpy() for x in ts])
    q,g=emb(t.query),emb(t.gallery)
    ids=lambda ts: np.array([x.pid for x in ts]); cams=lambda ts: np.array([x.camid for x in ts])
    s=score_ranking(distances("cosine",q,g),query_ids=ids(t.query),gallery_ids=ids(t.gallery),query_cameras=cams(t.query),gallery_cameras=cams(t.gallery))
    return R({"mAP":float(s.mean_ap),"rank1":float(s.cmc[0]),"queries":len(q)})
