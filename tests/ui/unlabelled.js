// Pictures, inputs and buttons that a screen reader could not name. Icons do not count as a name.
() => {
  const shown = (e) => e.checkVisibility() && !e.closest('[aria-hidden="true"]');
  const words = (e) => {
    const copy = e.cloneNode(true);
    copy.querySelectorAll('[data-testid="stIconMaterial"], svg').forEach((icon) => icon.remove());
    return copy.textContent;
  };
  const named = (e) =>
    (e.getAttribute('aria-label') || e.title || e.alt || words(e) || '').trim() ||
    (e.labels && e.labels.length) ||
    (e.getAttribute('aria-labelledby') || '').split(' ').some((i) => document.getElementById(i));
  const bad = [];
  for (const e of document.querySelectorAll('img'))
    if (!e.hasAttribute('alt') || (shown(e) && !e.alt.trim())) bad.push(e.outerHTML.slice(0, 200));
  for (const e of document.querySelectorAll('input, textarea, select, button, summary, audio'))
    if (shown(e) && e.type !== 'hidden' && !named(e)) bad.push(e.outerHTML.slice(0, 300));
  if (!document.documentElement.lang) bad.push('html without lang');
  return bad;
}
