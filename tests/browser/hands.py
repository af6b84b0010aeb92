"""How a person works the page: with keys alone, or with fingers alone. Neither ever moves a mouse."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

#: More presses of Tab than any screen has controls: then something cannot be reached.
TABS_MAX = 400
#: Slower than a scanner, which the page knows by its speed.
TYPING_DELAY_MS = 45
_LATIN, _ARABIC = "0123456789.", "٠١٢٣٤٥٦٧٨٩٫"

#: Signed number of tab stops from where the focus is to the element; 0 when it is there.
_DISTANCE = """
target => {
  const at = document.activeElement;
  if (at === target) return 0;
  const layer = target.closest('[role=dialog]') ?? document;
  const stops = [...layer.querySelectorAll(
    'a[href], button, input, select, textarea, [tabindex]')].filter(each =>
      each.tabIndex >= 0 && !each.disabled && each.closest('[inert]') === null
      && each.getClientRects().length > 0 && getComputedStyle(each).visibility !== 'hidden'
      && (each.type !== 'radio' || each.checked || each === target));
  const wanted = stops.indexOf(target);
  if (wanted < 0) return null;
  const here = stops.indexOf(at);
  if (here >= 0) return wanted - here;
  const before = stops.filter(each =>
    at.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING).length;
  return wanted >= before ? wanted - before + 1 : wanted - before;
}
"""


async def reach(page: Page, target: Locator) -> None:
    """Move the focus to `target` with Tab and Shift+Tab. Fails when they do not lead there."""
    await expect(target).to_be_enabled()
    pressed = 0
    while distance := await target.evaluate(_DISTANCE):
        assert pressed <= TABS_MAX, f"Tab does not lead to {target}"
        for _ in range(abs(distance)):
            await page.keyboard.press("Tab" if distance > 0 else "Shift+Tab")
            pressed += 1
    assert distance == 0, f"{target} is no tab stop"


async def choose_by_keys(page: Page, radio: Locator) -> None:
    """Tab into the radio's group, then the arrows until it is the chosen one."""
    group = radio.locator("xpath=ancestor::*[self::fieldset or @role='radiogroup'][1]//input[@type='radio']")
    await expect(radio).to_be_attached()
    for _ in range(2 * await group.count()):
        if await radio.is_checked():
            return
        # A field may take the focus when the screen has just come up.
        await reach(page, group.and_(page.locator(":checked")))
        await page.keyboard.press("ArrowDown")
    await expect(radio).to_be_checked()


async def tap_number(pad: Locator, number: str) -> None:
    """Type on a number pad with a finger; the first key replaces what stood there as a proposal."""
    for digit in number:
        at = _LATIN.index(digit)
        key = pad.get_by_role("button", name=_LATIN[at], exact=True).or_(
            pad.get_by_role("button", name=_ARABIC[at], exact=True)
        )
        await key.tap()
