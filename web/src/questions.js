// The questions a category asks: controls for them, and the answers as the server takes them.
import { $, el } from './dom.js';
import { pick, t } from './i18n.js';

let asked = [];

const many = (question) => /multi|many|checkbox/.test(question.kind ?? '');

/** Draws the controls for `questions`; answers already given to the same codes stay. */
export function drawQuestions(questions = []) {
  const kept = answers();
  asked = questions;
  $('r-questions').replaceChildren(...questions.map((question) => drawOne(question, kept[question.code])));
}

function drawOne(question, value) {
  const id = `q-${question.code}`;
  const name = [el('span', {}, pick(question.text)), question.required ? null : el('em', {}, ` ${t('optional')}`)];
  const field = { class: 'field', 'data-field': `properties.answers.${question.code}` };
  if (many(question)) {
    const boxes = question.choices.map((choice) =>
      el('label', {}, el('input', { type: 'checkbox', name: id, value: choice.code, checked: value?.includes(choice.code) }), el('span', {}, pick(choice.text))),
    );
    return el('fieldset', field, el('legend', {}, ...name), ...boxes);
  }
  const control = drawControl(question, id);
  if (value !== undefined) control.value = value;
  return el('div', field, el('label', { for: id }, ...name), control);
}

function drawControl({ kind, choices, required }, id) {
  if (choices?.length) return select(id, choices.map((choice) => [choice.code, pick(choice.text)]), required);
  if (/bool|yes/.test(kind)) return select(id, [['true', t('report.yes')], ['false', t('report.no')]], required);
  if (/num|int/.test(kind)) return el('input', { id, inputmode: 'decimal', required });
  if (kind === 'date') return el('input', { id, type: 'date', required });
  if (/date/.test(kind)) return el('input', { id, type: 'datetime-local', required });
  return el('input', { id, required, autocomplete: 'off' });
}

function select(id, options, required) {
  return el('select', { id, required }, el('option', { value: '' }, t('report.answer')), ...options.map(([value, text]) => el('option', { value }, text)));
}

/** `{code: value}` of what has been answered. */
export function answers() {
  const given = {};
  for (const question of asked) {
    if (many(question)) {
      const codes = [...document.getElementsByName(`q-${question.code}`)].filter((box) => box.checked).map((box) => box.value);
      if (codes.length) given[question.code] = codes;
    } else {
      const value = $(`q-${question.code}`)?.value.trim();
      if (value) given[question.code] = value;
    }
  }
  return given;
}

/** Codes of required questions without an answer. */
export const unanswered = () => asked.filter((question) => question.required && !(question.code in answers())).map((question) => question.code);
