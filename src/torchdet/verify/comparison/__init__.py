"""Two traces side by side: where they first differ, and why.

``causes`` decides by pure functions over two records; ``stream_comparison`` finds the records that
differ; ``run_comparison`` does so for all processes of two runs, while the second is running too.
"""
