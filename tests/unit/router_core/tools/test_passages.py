"""Documents are cut at their headings."""

from router_core.tools.passages import PASSAGE_CHARACTERS, passages, read_passages

PAGE = """Before any heading.

# First

One.

```
# a comment in a fence
```

## What's `new` in 2.0?

Two.
"""


def test_each_heading_begins_a_passage_with_its_anchor():
    found = list(passages("page.md", PAGE))
    assert [(p.source, p.heading) for p in found] == [
        ("page.md", ""),
        ("page.md#first", "First"),
        ("page.md#whats-new-in-20", "What's new in 2.0?"),
    ]
    assert "# a comment in a fence" in found[1].text


def test_a_text_file_has_no_headings_and_is_cut_at_paragraphs():
    text = "\n\n".join(["# not a heading", *("word " * 100 for _ in range(8))])
    found = list(passages("notes.txt", text))
    assert len(found) > 1
    assert all(p.source == "notes.txt" and len(p.text) <= PASSAGE_CHARACTERS for p in found)


def test_folders_are_read_with_their_paths_and_other_files_left(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.md").write_text("# A\n\nalpha", encoding="utf-8")
    (tmp_path / "b.TXT").write_bytes(b"b\xff\0eta")
    (tmp_path / "c.pdf").write_bytes(b"%PDF")
    assert sorted(p.source for p in read_passages(tmp_path)) == ["b.TXT", "deep/a.md#a"]
