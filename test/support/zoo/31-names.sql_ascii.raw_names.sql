-- Names in Latin-1 and in UTF-8, side by side: no client encoding can show both.
DO $$
BEGIN
  EXECUTE format('CREATE TABLE zoo.%I (%I text DEFAULT %L)', zoo.raw('\x636166e9'), zoo.raw('\xff2022'), 'x');
  EXECUTE format('INSERT INTO zoo.%I DEFAULT VALUES', zoo.raw('\x636166e9'));
  EXECUTE format('CREATE TABLE zoo.%I (id integer)', zoo.raw('\x636166c3a9'));
  EXECUTE format('INSERT INTO zoo.%I VALUES (1)', zoo.raw('\x636166c3a9'));
END $$;
