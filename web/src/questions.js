// The questions a category asks: controls for them, and the answers as the server takes them.
import { $, el } from './dom.js';
import { pick, t } from './i18n.js';

let asked = [];

/** Draws the controls for `questions`; answers already given to the same codes stay. */
export function drawQuestions(questions = []) {
  const kept = answers();
  asked = questions;
  $('r-questions').replaceChildren(...questions.map((question) => drawOne(question, kept[question.code])));
}

function drawOne(question, value) {
  const id = `q-${question.code}`;
  const control = drawControl(question, id);
  if (value !== undefined) control.value = value;
  return el('div', { class: 'field', 'data-field': `properties.answers.${question.code}` },
    el('label', { for: id }, el('span', {}, pick(question.text)), !question.required && el('em', {}, ` ${t('optional')}`)),
    control,
  );
}

function drawControl({ kind, choices, required }, id) {
  if (kind === 'choice') {
    const options = choices.map(({ code, text, name }) => el('option', { value: code }, pick(text ?? name)));
    return el('select', { id, required }, el('option', { value: '' }, t('report.answer')), ...options);
  }
  return el('input', { id, required, autocomplete: 'off', inputmode: kind === 'number' && 'decimal' });
}

/** `{code: value}` of what has been answered. */
export function answers() {
  const given = {};
  for (const { code, kind } of asked) {
    const text = $(`q-${code}`)?.value.trim();
    if (!text) continue;
    const number = Number(text.replace(',', '.'));
    // What is no number goes as it was typed: the server says so at the field.
    given[code] = kind === 'number' && Number.isFinite(number) ? number : text;
  }
  return given;
}

/** Codes of required questions without an answer. */
export function unanswered() {
  const given = answers();
  return asked.filter(({ code, required }) => required && !(code in given)).map(({ code }) => code);
}
