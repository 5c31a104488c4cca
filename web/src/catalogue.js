// The categories: fetched once, in both languages, and looked up by code.
import { readCategories } from './api.js';
import { pick } from './i18n.js';

let groups = [];
const byCode = new Map();

export async function loadCategories() {
  const answer = await readCategories();
  groups = answer.groups ?? [];
  byCode.clear();
  for (const group of groups) for (const category of group.categories) byCode.set(category.code, category);
}

export const allGroups = () => groups;
export const categoryOf = (code) => byCode.get(code);
export const categoryName = (code) => pick(byCode.get(code)?.name) || code;
