-- Where to go instead, of a report that is redirected.
ALTER TABLE report_public ADD COLUMN redirect_to TEXT;
-- What an event says of it: a redirection, where to go; a transfer, the body after and before; a level, the same. Null
-- where the event is of another kind, or of a release that did not say so.
ALTER TABLE event ADD COLUMN redirect_to TEXT;
ALTER TABLE event ADD COLUMN body TEXT;
ALTER TABLE event ADD COLUMN from_body TEXT;
ALTER TABLE event ADD COLUMN level INTEGER;
ALTER TABLE event ADD COLUMN from_level INTEGER;
