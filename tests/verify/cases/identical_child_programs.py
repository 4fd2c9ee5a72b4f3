# expect: identical
import subprocess
import sys
import time

import torch

if len(sys.argv) == 1:
    torch.manual_seed(0)
    code = "import time; print(time.time())"
    subprocess.run([sys.executable, "-c", code], check=True)
    torch.randn(4).sin()
    subprocess.run([sys.executable, __file__, str(time.time())], check=True)
else:
    torch.manual_seed(1)
    print(sys.argv[1], torch.randn(4).cos().sum().item())
