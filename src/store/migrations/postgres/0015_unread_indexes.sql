-- Lists, counts and places are chosen by the live map. What analysts ask the tables by keeps its index: time and geometry.
DROP INDEX report_public_ward; -- the first column of report_public_ward_fed
DROP INDEX report_public_category; -- the first column of report_public_precision
