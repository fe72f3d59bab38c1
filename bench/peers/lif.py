"""
Leaky integrate-and-fire over T steps in PyTorch, as Myelin's `lif` sets it:

    u_t = v_{t-1} / 2 + x_t;   s_t = [u_t >= 1];   v_t = u_t - s_t, where s_t is a constant
    ds/du = a p (1 - p),  p = sigmoid(a (u - 1)),  a = 4

x is [T, ...], or [1, ...] where the input is the same at every step. Returns spikes [T, ...].
"""
import torch

LAMBDA, THETA, ALPHA = 0.5, 1.0, 4.0


def alike(x, T):
    """An empty [T, ...] with the memory order of x [1 or T, ...]."""
    if x.shape[0] == T:
        return torch.empty_like(x)
    stride = (x[0].numel(),) + x.stride()[1:]
    return torch.empty_strided((T,) + x.shape[1:], stride, dtype=x.dtype)


class Fused(torch.autograd.Function):
    """All steps in one node of the autograd graph, which keeps the potentials and nothing else."""

    @staticmethod
    def forward(ctx, x, T):
        u, s = alike(x, T), alike(x, T)
        v = torch.empty_like(u[0])
        for t in range(T):
            now = x[t if x.shape[0] == T else 0]
            if t == 0:
                u[0].copy_(now)
            else:
                torch.add(now, v, alpha=LAMBDA, out=u[t])
            torch.ge(u[t], THETA, out=s[t])
            torch.sub(u[t], s[t], out=v)
        ctx.save_for_backward(u)
        ctx.is_static = x.shape[0] != T
        return s

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        d = torch.empty_like(u)
        for t in reversed(range(u.shape[0])):
            p = torch.sub(u[t], THETA).mul_(ALPHA).sigmoid_()
            torch.ops.aten.sigmoid_backward.grad_input(grad[t], p, grad_input=d[t])
            d[t].mul_(ALPHA)
            if t + 1 < u.shape[0]:
                d[t].add_(d[t + 1], alpha=LAMBDA)
        return (d.sum(0, keepdim=True) if ctx.is_static else d), None


def forward_only(x, T):
    """Inference: nothing is kept but the potential of one step."""
    s = alike(x, T)
    u = x[0].clone()
    for t in range(T):
        if t > 0:
            u.sub_(s[t - 1]).mul_(LAMBDA).add_(x[t if x.shape[0] == T else 0])
        torch.ge(u, THETA, out=s[t])
    return s


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        p = torch.sigmoid(ALPHA * x)
        return grad * p * (1 - p) * ALPHA


def plain(x, T):
    """As tutorials write it: autograd sees every operation of every step."""
    v, spikes = None, []
    for t in range(T):
        now = x[t if x.shape[0] == T else 0]
        u = now if v is None else LAMBDA * v + now
        s = Spike.apply(u - THETA)
        v = u - THETA * s.detach()
        spikes.append(s)
    return torch.stack(spikes)


def fused(x, T):
    return Fused.apply(x, T) if torch.is_grad_enabled() else forward_only(x, T)


NEURONS = {"fused": fused, "plain": plain}
