from __future__ import annotations
import numpy as np
class Identities:
    def __init__(self): self.held=set(); self.new=set()
    @property
    def count(self): return len(self.held)
    def load(self, connection, number): self.held=set()
    def first_copies(self, connection, keys):
        out=np.zeros(len(keys),bool); seen=set()
        for i,k in enumerate(zip(keys.time_keys.tolist(), keys.call_ids.tolist())):
            if k not in self.held and k not in seen: out[i]=True; seen.add(k)
        return out
    def add(self, connection, fresh): self.new=set(zip(fresh.time_keys.tolist(), fresh.call_ids.tolist()))
    def keep(self): self.held|=self.new; self.new=set()
    def drop(self): self.new=set()
