'use strict';
// The page is complete without this; here are the filters, the sorting and the large view of a picture.
// The state is kept in the address (#class=tanker&score=0.3&chip=NAME.png), so a link leads to what is seen.
const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const classFilter = byId('class-filter'), runFilter = byId('run-filter'), score = byId('score'), viewer = byId('viewer');
const classNames = all('option', classFilter).slice(1).map((option) => option.textContent);
const state = { label: '', run: '0', kind: '', score: Number(score.value), shown: null, names: null };
// With more boxes than this in a picture, their names would hide it, so they are off until asked for.
const CROWDED = 40;

function applyTo(root) {
  for (const box of all('polygon, svg text', root)) {
    const data = box.dataset;
    box.classList.toggle('low', data.score !== undefined && Number(data.score) < state.score);
    box.classList.toggle('other-run', data.run !== undefined && data.run !== state.run);
    if (data.found !== undefined) box.classList.toggle('missed', !(Number(data.found.split(' ')[state.run]) >= state.score));
    box.classList.toggle('other-class', state.label !== '' && data.class !== undefined && data.class !== state.label);
  }
}

// A chip belongs to a class if it has an object of it or shows a detection of it.
function hasClass(chip) {
  const own = `[data-class="${state.label}"]`;
  return Boolean(chip.querySelector(`.truth:not(.difficult)${own}, .found:not(.ignored, .low, .other-run)${own}`));
}

function apply() {
  applyTo(document);
  for (const item of all('[data-classes], [data-kind], main [data-run]:not(polygon):not(text)')) {
    const data = item.dataset;
    item.hidden = (data.classes !== undefined && state.label !== '' && !data.classes.split(' ').includes(state.label)) ||
      (data.run !== undefined && data.run !== state.run) || (data.kind !== undefined && state.kind !== '' && data.kind !== state.kind);
  }
  for (const chip of all('.card.chip')) chip.hidden = state.label !== '' && !hasClass(chip);
  for (const group of all('.group')) group.hidden = !group.querySelector('.card:not([hidden])');
  for (const empty of all('.empty')) empty.hidden = Boolean(empty.parentElement.querySelector('.card:not([hidden])'));
  for (const row of all('tr[data-class]')) row.classList.toggle('chosen', row.dataset.class === state.label);
  for (const button of all('[data-choose-kind]')) button.setAttribute('aria-pressed', button.dataset.chooseKind === state.kind);
  classFilter.value = state.label;
  if (runFilter) runFilter.value = state.run;
  score.value = state.score;
  byId('score-text').textContent = state.score.toFixed(2);
}

function remember() {
  const address = new URLSearchParams();
  if (state.label !== '') address.set('class', classNames[state.label]);
  if (runFilter && state.run !== '0') address.set('run', runFilter.selectedOptions[0].textContent);
  if (state.kind) address.set('kind', state.kind);
  if (state.score !== Number(score.defaultValue)) address.set('score', state.score.toFixed(2));
  if (state.shown && state.shown.classList.contains('chip')) address.set('chip', state.shown.dataset.name);
  history.replaceState(null, '', '#' + address);
}

function change(what) {
  Object.assign(state, what);
  apply();
  remember();
}

function visibleCards() {
  const kind = ['chip', 'mistake', 'scene'].find((name) => state.shown.classList.contains(name));
  return all(`.card.${kind}`).filter((card) => card.offsetParent !== null);
}

function show(card) {
  if (!card) return;
  state.shown = card;
  const picture = card.querySelector('.picture').cloneNode(true);
  const holder = byId('viewer-picture');
  holder.replaceChildren(picture);
  holder.className = card.classList.contains('mistake') ? 'of-mistake' : '';
  picture.querySelector('img').loading = 'eager';
  byId('viewer-name').textContent = card.dataset.name;
  byId('viewer-text').textContent = all('figcaption > :not(.file)', card).map((part) => part.textContent)
    .filter((text) => text !== card.dataset.name).join(': ');
  if (!viewer.open) viewer.showModal();
  const view = picture.querySelector('svg').viewBox.baseVal;
  holder.style.setProperty('--aspect', view.width / view.height);
  addNames(picture.querySelector('svg'), view.width / picture.clientWidth);
  applyTo(holder);
  const count = all('polygon', holder).filter((box) => getComputedStyle(box).display !== 'none').length;
  byId('show-names').checked = state.names ?? count <= CROWDED;
  toggles();
  remember();
}

// A name at the top corner of each box, of one size on the screen whatever the scale; pixel is one screen px.
function addNames(svg, pixel) {
  const view = svg.viewBox.baseVal, line = 14 * pixel, taken = [];
  for (const box of all('polygon', svg)) {
    const corners = box.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
    const found = box.classList.contains('found');
    // Names of ground truth go below its box and those of detections above, so that both can be read.
    const [x, y] = corners.reduce((best, corner) => ((found ? corner[1] < best[1] : corner[1] > best[1]) ? corner : best));
    const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    text.textContent = found ? `${classNames[box.dataset.class]} ${Number(box.dataset.score).toFixed(2)}` : classNames[box.dataset.class] ?? '';
    text.setAttribute('class', box.getAttribute('class'));
    Object.assign(text.dataset, box.dataset);
    text.style.fontSize = 13 * pixel + 'px';
    text.style.strokeWidth = 3 * pixel + 'px';
    svg.append(text);
    const width = text.getComputedTextLength();
    const left = Math.min(Math.max(x, view.x + 2 * pixel), view.x + view.width - width - 2 * pixel);
    const inside = (value) => Math.min(Math.max(value, view.y + 13 * pixel), view.y + view.height - 4 * pixel);
    const start = inside(found ? y - 4 * pixel : y + 13 * pixel);
    // Where a name stands already, this one moves away from its box, a few lines at most.
    const free = (value) => !taken.some((other) => left < other.right && other.left < left + width && Math.abs(value - other.base) < line);
    const places = [0, 1, 2, 3, 4].map((lines) => inside(start + (found ? -1 : 1) * lines * line));
    const base = places.find(free) ?? start;
    if (getComputedStyle(text).display !== 'none') taken.push({ left, right: left + width, base });
    text.setAttribute('x', left);
    text.setAttribute('y', base);
  }
}

function toggles() {
  const holder = byId('viewer-picture');
  for (const what of ['truth', 'found', 'names']) holder.classList.toggle('no-' + what, !byId('show-' + what).checked);
}

function step(by) {
  const cards = visibleCards();
  show(cards[(cards.indexOf(state.shown) + by + cards.length) % cards.length]);
}

function sortBy(head) {
  const table = head.closest('table'), body = table.tBodies[0], column = head.cellIndex;
  const descending = head.getAttribute('aria-sort') ? head.getAttribute('aria-sort') === 'ascending' : column > 0;
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => (column === 0 && head.dataset.sort === 'text' ? key(a).localeCompare(key(b)) : number(key(a)) - number(key(b)));
  const number = (text) => (text === '' || Number.isNaN(Number(text)) ? -1 : Number(text));
  const rows = [...body.rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
  for (const other of all('th', table)) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  body.append(...rows);
}

classFilter.addEventListener('change', () => change({ label: classFilter.value }));
if (runFilter) runFilter.addEventListener('change', () => change({ run: runFilter.value }));
score.addEventListener('input', () => change({ score: Number(score.value) }));
for (const head of all('th[data-sort]')) head.addEventListener('click', () => sortBy(head));
for (const button of all('[data-choose-kind]')) button.addEventListener('click', () => change({ kind: button.dataset.chooseKind }));
for (const button of all('[data-choose-class]')) {
  button.addEventListener('click', () => change({ label: state.label === button.dataset.chooseClass ? '' : button.dataset.chooseClass }));
}
for (const table of all('.ships')) {
  for (const event of ['click', 'keydown']) table.addEventListener(event, (happened) => happened.stopPropagation());
}
for (const card of all('.card')) {
  card.addEventListener('click', () => show(card));
  card.addEventListener('keydown', (event) => { if (event.key === 'Enter') show(card); });
}
for (const what of ['truth', 'found', 'names']) byId('show-' + what).addEventListener('change', toggles);
byId('show-names').addEventListener('change', (event) => { state.names = event.target.checked; });
byId('previous').addEventListener('click', () => step(-1));
byId('next').addEventListener('click', () => step(1));
byId('close').addEventListener('click', () => viewer.close());
viewer.addEventListener('click', (event) => { if (event.target === viewer) viewer.close(); });
// The event comes later, when another picture may be open already.
viewer.addEventListener('close', () => {
  if (viewer.open) return;
  state.shown = null;
  remember();
});
viewer.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') step(-1);
  if (event.key === 'ArrowRight') step(1);
});

// Anchors of the sections have no "=", so they keep working beside the state.
if (location.hash.includes('=')) {
  const address = new URLSearchParams(location.hash.slice(1));
  const label = classNames.indexOf(address.get('class'));
  if (label >= 0) state.label = String(label);
  const run = runFilter ? all('option', runFilter).find((option) => option.textContent === address.get('run')) : null;
  if (run) state.run = run.value;
  if (all('[data-choose-kind]').some((button) => button.dataset.chooseKind === address.get('kind'))) state.kind = address.get('kind');
  if (Number(address.get('score')) > 0) state.score = Math.min(Number(address.get('score')), 1);
  apply();
  show(all('.card.chip').find((card) => card.dataset.name === address.get('chip')));
} else {
  apply();
}
