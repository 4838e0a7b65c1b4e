'use strict';
// shipMap: what map_page.py says of all scenes. Each scene's own script puts its ships into shipMap.ships.
shipMap.ships = {};

(() => {
  const ROWS = 100;
  const find = selector => document.querySelector(selector);
  const findAll = selector => [...document.querySelectorAll(selector)];

  /** An element with properties and children; texts stay texts. */
  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  const swatch = label => make('span', {className: 'swatch', style: `background: ${shipMap.colors[label]}`});
  const fixed = digits => value => value === null ? '' : value.toFixed(digits);
  const COLUMNS = [
    ['Class', ship => shipMap.classes[ship.label], String],
    ['Score', ship => ship.score, fixed(2)],
    ['Length, m', ship => ship.length, fixed(1)],
    ['Width, m', ship => ship.width, fixed(1)],
    ['Heading, °', ship => ship.heading, fixed(0)],
    ['Latitude', ship => ship.latitude, fixed(5)],
    ['Longitude', ship => ship.longitude, fixed(5)],
    ['x, px', ship => ship.center[0], fixed(0)],
    ['y, px', ship => ship.center[1], fixed(0)],
  ].map(([title, value, format]) => ({title, value, format}));

  let scene, ships = [], shown = [], chosen = null;
  let map, group, popup;
  let sort = {column: COLUMNS[1], down: true}, page = 0;
  const classesOn = shipMap.classes.map(() => true);

  // ---- Scenes

  function pathOf(file) {
    return ['map', scene.name, ...file.split('/')].map(encodeURIComponent).join('/');
  }

  function openScene(next) {
    scene = next;
    findAll('#scenes button').forEach((button, place) => {
      if (shipMap.scenes[place] === scene) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    });
    if (shipMap.ships[scene.name]) return showScene(scene);
    // A script, since a page from disk may not read other files.
    const script = make('script', {src: pathOf('ships.js')});
    script.onload = () => scene === next && showScene(next);
    script.onerror = () => scene === next && notify(`${decodeURIComponent(pathOf('ships.js'))} is missing beside this page.`);
    document.head.append(script);
  }

  function showScene() {
    const table = shipMap.ships[scene.name];
    ships = table.label.map((label, row) => {
      const corners = table.corners.slice(8 * row, 8 * row + 8);
      const points = [0, 2, 4, 6].map(place => [corners[place], corners[place + 1]]);
      const ship = {row, label, points, center: [0, 1].map(axis => points.reduce((sum, point) => sum + point[axis] / 4, 0))};
      for (const name of ['score', 'length', 'width', 'heading', 'longitude', 'latitude']) ship[name] = table[name] ? table[name][row] : null;
      return ship;
    });
    scene.tiles = table.tiles.map(names => new Set(names));
    chosen = null;
    find('#length').hidden = !table.length;
    if (map) map.remove();
    map = null;
    makeHead();
    applyFilters();
    // Only now is the table as high as it will be, and the map as large.
    makeMap();
    drawShips();
  }

  function notify(text) {
    find('#notice').textContent = text;
    find('#notice').hidden = !text;
  }

  // ---- Map. A point is [y, x] px of the scene; zoom level 0 is the overview, each further one doubles its resolution.

  const latLng = ([x, y]) => [y, x];
  const bounds = () => L.latLngBounds([[0, 0], [scene.size[1], scene.size[0]]]);

  function makeMap() {
    const [width, height] = scene.size, ground = scene.ground;
    const crs = L.extend({}, L.CRS.Simple, {
      transformation: new L.Transformation(1, 0, 1, 0),
      scale: zoom => 2 ** (zoom - scene.levels),
      zoom: scale => Math.log2(scale) + scene.levels,
      distance(from, to) {
        const x = to.lng - from.lng, y = to.lat - from.lat;
        return Math.hypot(x * ground[0][0] + y * ground[1][0], x * ground[0][1] + y * ground[1][1]);
      },
    });
    map = L.map('map', {
      crs, zoomSnap: 0.25, minZoom: -8, maxZoom: scene.levels + 4, maxBounds: bounds().pad(0.6),
      renderer: L.canvas({padding: 0.3, tolerance: 6}), fadeAnimation: false, attributionControl: false,
    });
    L.control.attribution({prefix: '<a href="https://leafletjs.com">Leaflet</a>'}).addTo(map);
    map.fitBounds(bounds()).setMinZoom(map.getZoom() - 1);
    map.createPane('overview').style.zIndex = 150;
    const pixel = 2 ** scene.levels;
    const covered = [[0, 0], [Math.ceil(height / pixel) * pixel, Math.ceil(width / pixel) * pixel]];
    L.imageOverlay(pathOf('overview.jpg'), covered, {pane: 'overview', alt: ''}).addTo(map);
    // All levels lie on one another: where a fine one has no tile, the next coarser one is seen.
    scene.tiles.forEach((names, place) => new Tiles(place + 1, names).addTo(map));
    if (ground) L.control.scale({imperial: false, maxWidth: 140}).addTo(map);
    if (scene.north !== null) new North({position: 'bottomright'}).addTo(map);
    popup = L.popup({minWidth: 230, maxWidth: innerWidth > 800 ? 470 : 250, autoPanPadding: [12, 12]});
    map.on('popupclose', () => choose(null));
    group = L.featureGroup().addTo(map).on('click', event => openShip(event.layer.ship));
    for (const ship of ships) {
      const color = shipMap.colors[ship.label];
      ship.polygon = L.polygon(ship.points.map(latLng), {color, weight: 2, fill: false, smoothFactor: 0, noClip: true});
      ship.polygon.ship = ship;
    }
  }

  function drawShips() {
    const visible = new Set(shown);
    for (const ship of ships) {
      if (visible.has(ship)) group.addLayer(ship.polygon);
      else group.removeLayer(ship.polygon);
    }
  }

  const Tiles = L.GridLayer.extend({
    initialize(level, names) {
      this.names = names;
      // A fine screen shows a level where a coarse one would show the one before it.
      const minZoom = level - (devicePixelRatio > 1.5 ? 1 : 0);
      const side = {tileSize: shipMap.tile, minNativeZoom: level, maxNativeZoom: level, minZoom, maxZoom: Infinity};
      L.setOptions(this, {...side, bounds: bounds(), noWrap: true, zIndex: level, keepBuffer: 1});
    },
    createTile({x, y, z}, done) {
      const tile = make('div');
      if (!this.names.has(`${x}_${y}`)) {
        setTimeout(done, 0, null, tile);
        return tile;
      }
      // Tiles at the right and lower border are smaller.
      const [width, height] = scene.size.map((length, axis) => {
        const whole = Math.ceil(length / 2 ** (scene.levels - z));
        return 100 * Math.min(1, (whole - [x, y][axis] * shipMap.tile) / shipMap.tile);
      });
      const image = make('img', {alt: '', onload: () => done(null, tile), onerror: () => done(new Error('no tile'), tile)});
      Object.assign(image.style, {display: 'block', width: `${width}%`, height: `${height}%`});
      image.src = pathOf(`${z}/${x}_${y}.jpg`);
      tile.append(image);
      return tile;
    },
  });

  const North = L.Control.extend({
    onAdd() {
      const turned = Math.round(scene.north) % 360;
      const element = make('div', {className: 'north', title: turned ? `North, ${turned}° clockwise from up` : 'North is up'});
      element.innerHTML = `<svg viewBox="-22 -22 44 44" role="img" aria-label="${element.title}"><g transform="rotate(${Number(scene.north)})">
        <path d="M0 -19 L6 0 H-6 Z" fill="#c2261c"/><path d="M0 19 L6 0 H-6 Z" fill="#7b8794"/></g><text y="4" text-anchor="middle"
        font-size="12" font-weight="700" fill="#1f2933" stroke="#fff" stroke-width="3" paint-order="stroke">N</text></svg>`;
      return element;
    },
  });

  // ---- One ship

  function choose(ship) {
    if (chosen) chosen.polygon.setStyle({weight: 2, fill: false});
    chosen = ship;
    if (ship) ship.polygon.setStyle({weight: 4, fill: true, fillOpacity: 0.2}).bringToFront();
    findAll('tbody tr').forEach(row => row.classList.toggle('chosen', row.ship === ship));
  }

  function openShip(ship) {
    // At its upper end, so that it hides nothing of the ship.
    popup.setLatLng([Math.min(...ship.points.map(point => point[1])), ship.center[0]]).setContent(describe(ship)).openOn(map);
    choose(ship);
    const place = shown.indexOf(ship);
    if (place >= 0 && page !== Math.floor(place / ROWS)) {
      page = Math.floor(place / ROWS);
      fillTable();
    }
    const row = findAll('tbody tr').find(row => row.ship === ship);
    if (row) find('.scroll').scrollTop = row.offsetTop - 60;
  }

  function jumpTo(ship) {
    const view = find('#view').getBoundingClientRect();
    if (view.top < 0 || view.bottom > innerHeight) find('#view').scrollIntoView({block: 'nearest'});
    map.fitBounds(L.latLngBounds(ship.points.map(latLng)).pad(1.5), {maxZoom: scene.levels + 1, animate: false});
    openShip(ship);
  }

  function describe(ship) {
    const facts = [['Score', ship.score.toFixed(2)]];
    if (ship.length !== null) facts.push(['Length', `${ship.length.toFixed(1)} m`], ['Width', `${ship.width.toFixed(1)} m`]);
    if (ship.heading !== null) facts.push(['Heading', `${ship.heading.toFixed(0)}° or ${(ship.heading + 180).toFixed(0)}°`]);
    if (ship.latitude !== null) {
      const side = (value, [positive, negative]) => `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`;
      facts.push(['Position', `${side(ship.latitude, 'NS')}, ${side(ship.longitude, 'EW')}`]);
    } else facts.push(['Position', `x ${ship.center[0].toFixed(0)}, y ${ship.center[1].toFixed(0)} px`]);
    if (scene.date) facts.push(['Date', scene.date.replace('T', ' ').replace(/Z$/, ' UTC')]);
    return make('div', {className: 'ship'},
      make('h2', {}, swatch(ship.label), ` ${shipMap.classes[ship.label]}`),
      make('div', {}, drawChip(ship), make('dl', {}, ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]))));
  }

  /** The ship's surroundings in the scene's own pixels, put together from the finest level. */
  function drawChip(ship) {
    const [[left, right], [top, bottom]] = [0, 1].map(axis => {
      const values = ship.points.map(point => point[axis]);
      return [Math.max(Math.floor(Math.min(...values)) - shipMap.margin, 0), Math.min(Math.ceil(Math.max(...values)) + shipMap.margin, scene.size[axis])];
    });
    const canvas = make('canvas', {width: Math.max(right - left, 1), height: Math.max(bottom - top, 1)});
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${shipMap.classes[ship.label]} at full resolution`);
    const draw = (file, x, y) => {
      const image = make('img', {onload: () => canvas.getContext('2d').drawImage(image, x - left, y - top)});
      image.src = pathOf(file);
    };
    if (!scene.levels) draw('overview.jpg', 0, 0);
    else for (let row = Math.floor(top / shipMap.tile); row * shipMap.tile < bottom; row++)
      for (let column = Math.floor(left / shipMap.tile); column * shipMap.tile < right; column++)
        if (scene.tiles[scene.levels - 1].has(`${column}_${row}`))
          draw(`${scene.levels}/${column}_${row}.jpg`, column * shipMap.tile, row * shipMap.tile);
    return canvas;
  }

  // ---- Filters

  /** Least and most of a pair of sliders; null where they leave nothing out. */
  function rangeOf(id) {
    const [least, most] = findAll(`#${id} input`);
    const whole = least.value === least.min && most.value === most.max;
    return whole || find(`#${id}`).hidden ? null : [Number(least.value), Number(most.value)];
  }

  const within = (value, range) => !range || value !== null && range[0] <= value && value <= range[1];

  function applyFilters() {
    findAll('.range input').forEach(input => {
      input.nextElementSibling.textContent = input.step === '1' ? input.value : Number(input.value).toFixed(2);
    });
    const score = rangeOf('score'), length = rangeOf('length');
    const found = shipMap.classes.map(() => 0), all = shipMap.classes.map(() => 0);
    shown = ships.filter(ship => {
      const fits = within(ship.score, score) && within(ship.length, length);
      all[ship.label]++;
      found[ship.label] += fits;
      return fits && classesOn[ship.label];
    });
    if (map) drawShips();
    if (chosen && !shown.includes(chosen)) map.closePopup(popup);
    findAll('#classes label').forEach((label, place) => {
      label.lastElementChild.textContent = found[place] === all[place] ? all[place] : `${found[place]} of ${all[place]}`;
      label.classList.toggle('none', !all[place]);
    });
    const count = shown.length.toLocaleString('en'), total = ships.length.toLocaleString('en');
    find('#shown').textContent = find('#rows').textContent = `${count} of ${total} ${shipMap.noun}s`;
    notify(!ships.length ? `No ${shipMap.noun}s were found in this scene.` : shown.length ? '' : `No ${shipMap.noun} passes the filters.`);
    sortRows();
  }

  function makeFilters() {
    shipMap.classes.forEach((name, place) => {
      const box = make('input', {type: 'checkbox', defaultChecked: true, onchange: () => { classesOn[place] = box.checked; applyFilters(); }});
      find('#classes').append(make('label', {}, box, swatch(place), make('span', {}, name), make('span', {className: 'number'})));
    });
    findAll('#classes button').forEach(button => {
      button.onclick = () => {
        findAll('#classes input').forEach((box, place) => { box.checked = classesOn[place] = Boolean(button.dataset.all); });
        applyFilters();
      };
    });
    let waiting = false;
    findAll('.range input').forEach(input => {
      input.oninput = () => {
        if (!waiting) requestAnimationFrame(() => { waiting = false; applyFilters(); });
        waiting = true;
      };
    });
    // A browser keeps what was put in before the page was loaded again.
    find('#filters form').reset();
  }

  // ---- Table

  function makeHead() {
    const known = COLUMNS.filter(column => ships.some(ship => column.value(ship) !== null));
    const columns = known.some(column => column.title === 'Latitude') ? known.filter(column => !column.title.endsWith('px')) : known;
    find('thead tr').replaceChildren(...columns.map(column => {
      const button = make('button', {type: 'button', onclick: () => {
        sort = {column, down: sort.column === column ? !sort.down : column.format !== String};
        sortRows();
      }}, column.title);
      return Object.assign(make('th', {scope: 'col'}, button), {column});
    }));
    if (!columns.includes(sort.column)) sort = {column: COLUMNS[1], down: true};
  }

  function sortRows() {
    const {column, down} = sort;
    // What is not known comes last either way.
    shown.sort((a, b) => {
      const [first, second] = [column.value(a), column.value(b)];
      if (first === null || second === null) return (first === null) - (second === null) || a.row - b.row;
      const order = first < second ? -1 : Number(first > second);
      return (down ? -order : order) || a.row - b.row;
    });
    findAll('thead th').forEach(head => {
      if (head.column === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    page = 0;
    fillTable();
  }

  function fillTable() {
    const columns = findAll('thead th').map(head => head.column);
    const rows = shown.slice(page * ROWS, (page + 1) * ROWS).map(ship => {
      const cells = columns.map((column, place) => {
        const text = column.format(column.value(ship));
        if (place) return make('td', {}, text);
        return make('td', {}, make('button', {type: 'button', title: 'Show on the map'}, swatch(ship.label), ` ${text}`));
      });
      return Object.assign(make('tr', {className: ship === chosen ? 'chosen' : '', onclick: () => jumpTo(ship)}, ...cells), {ship});
    });
    find('tbody').replaceChildren(...rows);
    const pages = Math.max(Math.ceil(shown.length / ROWS), 1);
    find('.pages').hidden = pages === 1;
    find('.pages span').textContent = `${page + 1} of ${pages}`;
    findAll('.pages button').forEach(button => {
      const next = page + Number(button.dataset.step);
      button.disabled = next < 0 || next >= pages;
      button.onclick = () => {
        page = next;
        fillTable();
        find('.scroll').scrollTop = 0;
      };
    });
  }

  // ---- Start

  const wide = matchMedia('(min-width: 801px)').matches;
  findAll('details').forEach(details => { details.open = wide; });
  new ResizeObserver(() => map && map.invalidateSize({pan: false})).observe(find('#map'));
  makeFilters();
  find('#scenes ul').append(...shipMap.scenes.map(next => make('li', {},
    make('button', {type: 'button', onclick: () => openScene(next)},
      make('span', {}, next.name), make('span', {className: 'number'}, `${next.count.toLocaleString('en')} ${shipMap.noun}${next.count === 1 ? '' : 's'}`)))));
  if (shipMap.scenes.length) openScene(shipMap.scenes.find(next => next.count) || shipMap.scenes[0]);
  else notify('No scenes were searched.');
})();
