"""Program: a recorded graph, frozen, that computes again whenever it is called."""

from __future__ import annotations

import ctypes
from typing import Any
import numpy as np
from .tape import Tape, recorded_tape
from .plan import Kinds, Plan, joined, clearing, run_address, library


class P:
    def __init__(self, outputs, wrt=None, inputs=None):
        self.tape, self.wrt, self.read = recorded_tape(outputs, wrt, inputs)
        tape=self.tape
        self.kinds = Kinds(tape.ops, max([op.arity for op in tape.ops]+[1]))
        plan = self.plan = Plan(tape, self.kinds)
        I=lambda rows: plan.position[np.array(rows,dtype=np.int64)]
        self.M = np.zeros(plan.size)
        lit=np.flatnonzero(tape.literal); self.M[plan.position[lit]]=tape.data[lit]
        self.M[plan.seed]=1.0
        nin=len(tape.inputs)
        read=plan.copies(I(tape.inputs), plan.inputs_at+np.arange(nin))
        out=plan.copies(plan.outputs_at+np.arange(len(tape.outputs)), I(tape.outputs))
        fwd=plan.stream()
        bwd=plan.stream(backward=True)
        seed=plan.copies(plan.gradient[np.array(tape.outputs)], plan.seeds_at+np.arange(len(tape.outputs)), adding=True)
        clear=clearing(plan.gradients_at, plan.inputs_at-plan.gradients_at)
        wrt=plan.copies(plan.wrt_at+np.arange(len(tape.wrt)), plan.gradient[np.array(tape.wrt)])
        self.parts=dict(read=read,fwd=fwd,out=out,clear=clear,seed=seed,bwd=bwd,wrt=wrt)
        self.fcode=joined([read,fwd,out]); self.bcode=joined([clear,seed,bwd,wrt]); self.code=np.concatenate([self.fcode,self.bcode])
        self.runf=ctypes.CFUNCTYPE(ctypes.c_int64,ctypes.c_void_p,ctypes.c_int64,ctypes.c_void_p)(run_address())
        self.M[plan.inputs_at:plan.inputs_at+nin]=[x.data for x in self.read]
        self.M[plan.seeds_at:]=1.0
    def run(self):
        self.runf(self.code.ctypes.data,len(self.code),self.M.ctypes.data)
    @property
    def out(self): return self.M[self.plan.outputs_at:self.plan.outputs_at+len(self.tape.outputs)]
    @property
    def grads(self): return self.M[self.plan.wrt_at:self.plan.wrt_at+len(self.tape.wrt)]
