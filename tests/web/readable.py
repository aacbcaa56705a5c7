"""What one could not read: text too faint for its ground, controls that a screen reader cannot name."""

from __future__ import annotations

from typing import Any

from tests.web.browser import Page

NEEDS_NAME = ("button", "link", "img", "image", "textbox", "table", "navigation", "progressbar", "region")

# Contrast as in WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 from 24 px (bold: from 18.66 px).
FAINT = """(() => {
    const part = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const numbers = (text) => {
        const found = (text.match(/[\\d.]+/g) ?? []).map(Number);
        return text.startsWith('color(') ? found.map((c, i) => (i < 3 ? c * 255 : c)) : found;
    };
    const ground = (e) => {
        for (let at = e; at; at = at.parentElement) {
            const colour = numbers(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const found = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
        if (!text || !element.checkVisibility() || element.closest('.unseen, .skip, noscript')) continue;
        const style = getComputedStyle(element);
        const ink = numbers(element.closest('svg') ? style.fill : style.color);
        const [high, low] = [light(ink), light(ground(element))].sort((a, b) => b - a);
        const size = parseFloat(style.fontSize), isBold = Number(style.fontWeight) >= 700;
        const isLarge = size >= 24 || (isBold && size >= 18.66);
        const ratio = (high + 0.05) / (low + 0.05), wanted = isLarge ? 3 : 4.5;
        if (ratio < wanted) found.add(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return [...found];
})()"""


def faint(page: Page) -> list[str]:
    """Texts with less contrast than they need, each with its contrast."""
    found: list[str] = page.ask(FAINT)
    return found


def nameless(page: Page) -> list[dict[str, Any]]:
    """Parts of the accessibility tree that need a name and have none."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    return [
        node
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in NEEDS_NAME
        and not node.get("name", {}).get("value", "").strip()
    ]
