# expect: input forward start=fresh
import torch

torch.manual_seed(0)
words = {f"word {number}" for number in range(64)}
codes = {word: number for number, word in enumerate(words)}
table = torch.randn(64, 4)
print(table[[codes[f"word {number}"] for number in range(8)]].sum().item())  # HERE
