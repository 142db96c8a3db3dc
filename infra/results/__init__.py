"""docs/results: every page made from the packs in docs/results/packs.

    python -m infra.results                 write all pages, their index, and the block of README.md
    python -m infra.results few_images      write one page
    python -m infra.results --check         make all, write nothing, and say what differs from what is there

A page is a folder of docs/results with a `page.md.j2`: a YAML header that names packs and sweep, and Markdown in Jinja2
with the blocks of docs/results/layout.md.j2. Its numbers come from infra.results.vocabulary; none may be typed.
"""
