"""NOAH's architecture search: how large its three modules are in each layer.

Zhang et al. 2022: one supernet is trained at the largest sizes, a random candidate a
step; an evolutionary search then compares candidates with the weights they inherit.
"""
