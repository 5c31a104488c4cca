-- What an officer with the key answers for: wards, {generation}.{code}, and ids of bodies, with spaces between.
ALTER TABLE access_key ADD COLUMN wards TEXT;
ALTER TABLE access_key ADD COLUMN bodies TEXT;
-- What only offices read of an event: a note, and the id of the key with which somebody acted.
ALTER TABLE event ADD COLUMN internal TEXT;
ALTER TABLE event ADD COLUMN actor TEXT;
