// How the styles choose words: the fonts, and the language, which the server puts in where `global-state` asks for it.
export const PLAIN = ['Be Vietnam Pro Regular'];
export const BOLD = ['Be Vietnam Pro SemiBold'];
export const WORD_LANG = ['global-state', 'lang'];

export const get = (name) => ['get', name];
export const text = (name) => ['to-string', ['coalesce', get(name), '']];

/** `{name}_vi` or `{name}_en`; Vietnamese where there is no English. */
export const inWords = (name) => {
  const vi = ['coalesce', get(`${name}_vi`), get(`${name}_en`), ''];
  return ['case', ['==', WORD_LANG, 'en'], ['coalesce', get(`${name}_en`), vi], vi];
};

/** The picture of that name, or the second where the sprite has none. */
export const picture = (name, otherwise) => ['coalesce', ['image', name], ['image', otherwise]];
