"""Generates every page of docs/results from the packs in docs/results/packs.

    python -m infra.results                 write all pages, their index, and the block of README.md
    python -m infra.results few_images      write one page
    python -m infra.results --check         write nothing, and report how the files differ from their packs

A page is a folder of docs/results with a `page.md.j2`: a YAML header that names packs and sweep, and a Jinja2 template
in Markdown with the blocks of docs/results/layout.md.j2. Its numbers come from infra.results.vocabulary; none may be
typed.
"""
