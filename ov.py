import torch
for body in ("torch.ops.aten.view.dtype(x, torch.int16)","x.view(dtype=torch.int16)","x.view(torch.int16)","torch.ops.aten.view(x, dtype=torch.int16)"):
    try:
        u=torch.jit.CompilationUnit(f"def step(x: Tensor):\n    return {body}\n")
        with torch.jit.optimized_execution(False): print(body,u.step(torch.zeros(4,dtype=torch.int64)).shape, u.step.graph)
    except Exception as e: print(body,"FAIL",str(e).strip().splitlines()[:3])
