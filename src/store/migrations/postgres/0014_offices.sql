-- What an officer with the key answers for, and what only offices read of an event.
ALTER TABLE access_key ADD COLUMN wards text COLLATE "C";
COMMENT ON COLUMN access_key.wards IS 'Wards that an officer with the key answers for, {generation}.{code}, with spaces between';
ALTER TABLE access_key ADD COLUMN bodies text COLLATE "C";
COMMENT ON COLUMN access_key.bodies IS 'Ids of bodies that an officer with the key answers for, with spaces between';
ALTER TABLE event ADD COLUMN internal text COLLATE "C";
COMMENT ON COLUMN event.internal IS 'A note that only offices read';
ALTER TABLE event ADD COLUMN actor text COLLATE "C";
COMMENT ON COLUMN event.actor IS 'The id of the key with which somebody acted';
