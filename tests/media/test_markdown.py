"""What markdown becomes, and that nothing in it can act on the page."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.media import markdown
from pixelhost.media.workers import MediaPool

URL_ATTRIBUTES = {"href", "src", "action", "formaction", "poster", "data", "srcset", "background", "xlink:href", "cite"}


class Elements(HTMLParser):
    """Everything that a browser would see, attributes decoded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def rendered(text: str | bytes) -> str:
    return markdown.render(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def elements(text: str) -> list[tuple[str, dict[str, str]]]:
    return Elements(rendered(text)).found


def attributes_of(text: str, wanted: str) -> list[dict[str, str]]:
    return [attributes for tag, attributes in elements(text) if tag == wanted]


def assert_harmless(html: str) -> None:
    for tag, attributes in Elements(html).found:
        assert tag in markdown.TAGS
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcdoc", "name", "target", "form", "formaction", "http-equiv", "ping"}
            if name in URL_ATTRIBUTES:
                # As browsers read an address: no control characters, no white space around it.
                address = re.sub(r"[\x00-\x20\x7f]", "", value)
                scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", address)
                assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}
            if name == "id":
                assert value.startswith("user-content-")


def test_commonmark_is_rendered() -> None:
    assert rendered("a *b* **c** `d`\n\n> e\n\n1. f") == (
        "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>\n"
        "<blockquote>\n<p>e</p>\n</blockquote>\n<ol>\n<li>f</li>\n</ol>\n"
    )


def test_tables_have_no_inline_style() -> None:
    html = rendered("|a|b|c|\n|:-:|--:|---|\n|1|2|3|")
    assert '<th align="center">a</th>\n<th align="right">b</th>\n<th>c</th>' in html
    assert "style" not in html


def test_text_is_struck_through() -> None:
    assert rendered("~~gone~~") == "<p><s>gone</s></p>\n"


def test_task_lists_have_boxes_that_do_nothing() -> None:
    boxes = attributes_of("- [x] done\n- [ ] not", "input")
    assert [("checked" in box, box["type"], "disabled" in box) for box in boxes] == [
        (True, "checkbox", True),
        (False, "checkbox", True),
    ]


def test_footnotes_lead_there_and_back() -> None:
    html = rendered("text[^1]\n\n[^1]: note")
    assert 'href="#user-content-fn1"' in html
    assert 'id="user-content-fn1"' in html
    assert 'href="#user-content-fnref1"' in html
    assert 'id="user-content-fnref1"' in html


def test_headings_can_be_linked_to() -> None:
    html = rendered("# Two Words\n\n###### Two words\n\n[up](#two-words)")
    assert '<h1 id="user-content-two-words">' in html
    assert '<h6 id="user-content-two-words-1">' in html
    assert '<a href="#user-content-two-words"' in html


def test_code_is_coloured_by_classes() -> None:
    html = rendered("```python\ndef f(): pass\n```")
    assert '<pre class="highlight"><code><span class="hl-k">def</span>' in html
    assert "style" not in html


def test_code_in_no_language_that_we_know_stays_as_it_is() -> None:
    for language in ("", "klingon", "../../x"):
        assert "<pre><code>&lt;b&gt; &amp;\n</code></pre>" in rendered(f"```{language}\n<b> &\n```")


@pytest.mark.parametrize(("characters", "is_coloured"), [(200_000, True), (200_001, False)])
def test_long_code_is_not_coloured(characters: int, is_coloured: bool) -> None:
    code = "x" * (characters - 1)
    assert ("hl-n" in rendered(f"```python\n{code}\n```")) == is_coloured


def test_harmless_html_stays() -> None:
    html = "<details open><summary>s</summary><kbd>k</kbd></details>"
    assert re.sub(r'=""', "", rendered(html)) == html


def test_links_tell_nothing_and_vouch_for_nothing() -> None:
    for text in ("[a](https://example.org/)", '<a href="https://example.org/" rel="opener" target="_blank">a</a>'):
        assert attributes_of(text, "a") == [{"href": "https://example.org/", "rel": "noopener nofollow noreferrer"}]


@pytest.mark.parametrize(
    "address", ["other.md", "../up/x.md", "/root", "?a=b", "//example.org/x", "mailto:a@b.example"]
)
def test_relative_links_stay_as_they_are(address: str) -> None:
    assert attributes_of(f"[a]({address})", "a")[0]["href"] == address


def test_pictures_do_not_tell_where_they_are_shown() -> None:
    assert attributes_of("![alt](x.png)", "img") == [{"src": "x.png", "alt": "alt", "referrerpolicy": "no-referrer"}]


def test_ids_cannot_stand_for_things_of_the_page() -> None:
    assert attributes_of('<p id="login-form" name="config" class="modal">x</p>', "p") == [
        {"id": "user-content-login-form"}
    ]


def test_a_byte_order_mark_is_dropped() -> None:
    assert rendered(b"\xef\xbb\xbf# x") == '<h1 id="user-content-x">x</h1>\n'


def test_what_is_not_utf_8_is_replaced() -> None:
    assert rendered(b"gr\xfcn \xc3") == "<p>gr\N{REPLACEMENT CHARACTER}n \N{REPLACEMENT CHARACTER}</p>\n"
    assert rendered(b"a\0b") == "<p>a\N{REPLACEMENT CHARACTER}b</p>\n"


def test_a_document_has_at_most_2_mib() -> None:
    limit = 2 << 20
    assert len(rendered(b"x" * limit)) == limit + len("<p></p>\n")
    with pytest.raises(markdown.DocumentTooLarge):
        rendered(b"x" * (limit + 1))


def test_the_same_document_is_the_same_html_every_time() -> None:
    text = "# a\n![b](c)\n- [x] d\n\n[e](f)"
    assert rendered(text) == rendered(text)


ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/x>alert(1)</script>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1);//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    "<img src=x onerror&#61;alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<img src=javascript:alert(1)>",
    "<img src=`javascript:alert(1)`>",
    "<img src=&#x6A;avascript:alert(1)>",
    "<img src='x' srcset='javascript:alert(1)'>",
    "<img lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java&Tab;script:alert(1)'>x</a>",
    "<a href='java&NewLine;script&colon;alert(1)'>x</a>",
    "<a href='&#1;javascript:alert(1)'>x</a>",
    "<a href=' \n javascript:alert(1)'>x</a>",
    "<a href=&#106&#97&#118&#97&#115&#99&#114&#105&#112&#116&#58&#97>x</a>",
    "<a href=&#0000106&#0000097&#0000118ascript:alert(1)>x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href=data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<a href=blob:https://x/1>x</a>",
    "<a href=file:///etc/passwd>x</a>",
    "<a onmouseover=alert(1) href=#>x</a>",
    "<a href=# onclick=alert(1)//>x</a>",
    "<b onmouseover=alert(1)>x</b>",
    "<p ONCLICK='alert(1)' oNfOcUs=alert(1) autofocus tabindex=1>x</p>",
    "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)>",
    "<body background=javascript:alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href=javascript:alert(1)>x</math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x></applet>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<form id=f></form><button form=f formaction=javascript:alert(1)>x</button>",
    "<input type=image src=javascript:alert(1) onfocus=alert(1) autofocus>",
    "<isindex action=javascript:alert(1) type=image>",
    "<video src=x onerror=alert(1)></video><audio src=x onerror=alert(1)></audio>",
    "<video poster=javascript:alert(1)></video>",
    "<video><source onerror=alert(1)></video>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=javascript:alert(1)//>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<select><script>alert(1)</script></select>",
    "<!--><script>alert(1)</script-->",
    "<!-- --!><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href=javascript:alert(1)?>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "<p id=x name=y><a name=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](JAVASCRIPT&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x](y "onerror=alert(1)")',
    '![x" onerror="alert(1)](y)',
    '[x](y "a" onclick="alert(1)")',
    "[<script>alert(1)</script>](x)",
    "```<script>alert(1)</script>\nx\n```",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "    </pre><script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>",
    "|<script>|\n|---|\n|<img src=x onerror=alert(1)>|",
    "[^x]\n\n[^x]: <script>alert(1)</script>",
    "[^<script>alert(1)</script>]\n\n[^<script>alert(1)</script>]: x",
    "- [x] <script>alert(1)</script>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    "<a href='x' title=\"`onmouseover=alert(1)`\">x</a>",
    "\u003cscript\u003ealert(1)\u003c/script\u003e",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<\0script>alert(1)</script>",
    "<img src=x\0 onerror=alert(1)>",
    "<a href='java\0script:alert(1)'>x</a>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_script_survives(text: str) -> None:
    html = rendered(text)
    assert_harmless(html)
    assert "<script" not in html.lower()
    # What was made safe once is not made dangerous by being read again.
    assert_harmless(rendered(html))


def test_no_script_survives_among_others() -> None:
    assert_harmless(rendered("\n\n".join(ATTACKS)))
    assert_harmless(rendered(" ".join(ATTACKS)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=6), min_size=2, max_size=4), st.randoms())
def test_no_script_survives_in_pieces(texts: list[str], random: Random) -> None:
    """Cut anywhere and put together again."""
    pieces = [text[random.randrange(len(text) + 1) :] if random.random() < 0.5 else text for text in texts]
    assert_harmless(rendered("".join(pieces)))


async def test_markdown_is_rendered_in_a_worker(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# x")
    pool = MediaPool(1)
    try:
        assert await pool.run(markdown.render, tmp_path / "x.md") == '<h1 id="user-content-x">x</h1>\n'
    finally:
        await pool.close()
