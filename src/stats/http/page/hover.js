// What a chart says at the pointer, or where the arrow keys have gone: its values of one second.

import { FORMATS } from './format.js';

const box = document.createElement('div');
box.id = 'hover';
box.setAttribute('role', 'status');
box.hidden = true;
document.body.append(box);

/** The chart that is looked at, and how many seconds ago. */
let looked = null;

function show() {
  if (looked === null) return;
  const { chart, ago } = looked;
  if (!chart.isConnected) {
    looked = null;
    box.hidden = true;
    return;
  }
  const { seconds, left, width, format } = chart.dataset;
  const lines = JSON.parse(chart.dataset.series);
  const texts = lines.map(({ name, values }) => {
    const value = values[values.length - 1 - ago];
    return `${name} ${value === undefined ? '–' : FORMATS[format](value)}`;
  });
  box.textContent = `${ago === 0 ? 'now' : `${ago} s ago`}: ${texts.join(', ')}`;
  const place = chart.getBoundingClientRect();
  const scale = place.width / Number(width);
  const x = (Number(width) - (ago / (seconds - 1)) * (width - left)) * scale;
  box.hidden = false;
  const most = document.documentElement.clientWidth - box.offsetWidth - 4;
  box.style.left = `${Math.max(4, Math.min(most, place.left + x - box.offsetWidth / 2))}px`;
  box.style.top = `${place.top + window.scrollY - box.offsetHeight - 2}px`;
}

function lookAt(chart, ago) {
  const most = Number(chart.dataset.seconds) - 1;
  looked = { chart, ago: Math.max(0, Math.min(most, ago)) };
  show();
}

function lookAway() {
  looked = null;
  box.hidden = true;
}

document.addEventListener('pointermove', ({ target, clientX }) => {
  const chart = target instanceof Element ? target.closest('svg.chart') : null;
  if (chart === null) {
    if (looked !== null && document.activeElement !== looked.chart) lookAway();
    return;
  }
  const { seconds, left, width } = chart.dataset;
  const place = chart.getBoundingClientRect();
  const x = ((clientX - place.left) / place.width) * Number(width);
  lookAt(chart, Math.round(((width - x) / (width - left)) * (seconds - 1)));
});

document.addEventListener('keydown', (event) => {
  const chart = document.activeElement?.closest?.('svg.chart');
  if (chart === null || chart === undefined) return;
  const step = { ArrowLeft: 1, ArrowRight: -1, Home: Infinity, End: -Infinity }[event.key];
  if (event.key === 'Escape') lookAway();
  if (step === undefined) return;
  event.preventDefault();
  const before = looked?.chart === chart ? looked.ago : 0;
  lookAt(chart, before + step);
});
document.addEventListener('focusout', lookAway);

/** The values have changed. */
export const refreshHover = show;
