"""Fifty texts that somebody might hope a page takes for more than text. Each would set ``window.owned`` if it ran.

And addresses that somebody might hope to have fetched for him.
"""

from __future__ import annotations

RUN = "window.owned=1"

MARKUP = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'<img src="x" onerror="{RUN}">',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<body onload={RUN}>",
    f"<iframe src=javascript:{RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<a href=javascript:{RUN}>click</a>",
    f"<a href='java\tscript:{RUN}'>click</a>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<math><mtext></p><style><img src=x onerror={RUN}></style>",
    f"<object data=javascript:{RUN}>",
    f"<embed src=javascript:{RUN}>",
    f"<form action=javascript:{RUN}><button>go</button></form>",
    f"<b onmouseover={RUN}>bold</b>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f"--><img src=x onerror={RUN}>",
    f"]]><img src=x onerror={RUN}>",
    f"<<img src=x onerror={RUN}>>",
    f"<img/src=x/onerror={RUN}>",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    f"<template><img src=x onerror={RUN}></template>",
)
MARKDOWN = (
    "**pwned-strong**",
    "# pwned-heading",
    f"[pwned-link](javascript:{RUN})",
    "![pwned-image](//evil.example/x.png)",
    "`pwned-code`",
    "| pwned | table |\n|---|---|\n| a | b |",
    ":material/home: :red[pwned-colour] :streamlit:",
    "$\\href{javascript:window.owned=1}{pwned}$",
    "<b>pwned-plotly</b><br><a href='javascript:window.owned=1'>x</a>",
)
UNSEEN = (
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "zero\u200bwidth\ufeff",
    "\x1b[31mred\x1b[0m \x1b]8;;//evil.example\x1b\\link",
    "%{x} {hovertemplate} %{customdata[0]}",
    '=HYPERLINK("//evil.example")',
)

PAYLOADS = (*MARKUP, *MARKDOWN, *UNSEEN)

INNER_ADDRESSES = (
    "https://127.0.0.1/a.png",
    "https://127.1/a.png",
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0177.0.0.1/a.png",
    "https://127.0.0.1./a.png",
    "https://0.0.0.0/a.png",
    "https://10.0.0.8/a.png",
    "https://172.16.0.1:8443/a.png",
    "https://192.168.1.1/a.png",
    "https://100.64.0.1/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[64:ff9b::7f00:1]/a.png",
    "https://[2002:7f00:1::]/a.png",
    "https://[fd00:ec2::254]/latest/",
    "https://[fe80::1]/a.png",
    "https://224.0.0.1/a.png",
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://printer.local/a.png",
    "https://intranet/a.png",
    "https://example.org@127.0.0.1/a.png",
    "https://example.org\\@127.0.0.1/a.png",
    "https://127.0.0.1%2eexample.org/a.png",
    "https://\u2460\u2461\u2466.0.0.1/a.png",
    "https://[::1/a.png",
    "https://example.org:port/a.png",
    "https:///a.png",
    "https://..example.org/a.png",
)
"""Addresses that can only be fetched from within a network, in the forms in which they are smuggled past checks."""
