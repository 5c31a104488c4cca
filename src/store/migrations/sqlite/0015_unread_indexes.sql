-- Lists, counts and places are chosen by the live map, so nobody reads these any more; each cost a page of every write.
DROP TRIGGER report_box_insert;
DROP TRIGGER report_box_move;
DROP TRIGGER report_box_delete;
DROP TABLE report_box;
DROP INDEX report_public_ward; -- the first column of report_public_ward_fed
DROP INDEX report_public_category; -- the first column of report_public_precision
DROP INDEX report_public_created;
DROP INDEX report_public_updated;
