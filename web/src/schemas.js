// What the collections hold, in both languages: asked for once, as JSON Schema.
import { readSchema } from './api.js';
import { lang } from './i18n.js';

const schemas = new Map();

/** Reads the schemas of these collections; fails when one cannot be read. */
export async function loadSchemas(collections) {
  await Promise.all(collections.filter((c) => !schemas.has(c)).map(async (c) => schemas.set(c, await readSchema(c))));
}

const title = (part) => (part && (lang() === 'vi' ? part['x-title-vi'] : part.title)) || part?.title;

export const collectionTitle = (collection) => title(schemas.get(collection));
export const propertyTitle = (collection, name) => title(schemas.get(collection)?.properties?.[name]) ?? name;
/** The codes of a property, in the order of the schema. */
export const codesOf = (collection, name) => (schemas.get(collection)?.properties?.[name]?.oneOf ?? []).map((one) => one.const);
/** What a code means; the code itself while that is not known. */
export const codeTitle = (collection, name, code) =>
  title(schemas.get(collection)?.properties?.[name]?.oneOf?.find((one) => one.const === code)) ?? code ?? '';
