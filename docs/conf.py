"""The documentation as a site: `make docs` builds it with Sphinx, and a warning is an error."""  # noqa: INP001 - Sphinx reads this file, nobody imports it

project = "qgtune"
html_title = "qgtune"
extensions = ["myst_parser"]
html_theme = "alabaster"
html_static_path = ["_static"]
html_css_files = ["wide_tables.css"]
html_theme_options = {"page_width": "1100px"}
myst_heading_anchors = 4
