-- The made-up shop behind policies/support.toml. orders.sqlite is made of this file; a test compares them.
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    status TEXT NOT NULL,
    ordered_on DATE NOT NULL,
    arrives_on DATE
);
CREATE TABLE items (
    order_number INTEGER NOT NULL REFERENCES orders,
    product TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    price_eur NUMERIC NOT NULL
);
INSERT INTO orders VALUES (1001, 'delivered', '2026-10-30', '2026-11-04');
INSERT INTO orders VALUES (1002, 'on its way', '2026-11-16', '2026-11-25');
INSERT INTO orders VALUES (1003, 'being packed', '2026-11-22', NULL);
INSERT INTO items VALUES (1001, 'Enamel kettle, 1.5 l', 1, 39.0);
INSERT INTO items VALUES (1002, 'Linen apron', 2, 24.5);
INSERT INTO items VALUES (1002, 'Oak board, 40 cm', 1, 32.0);
INSERT INTO items VALUES (1003, 'Cast iron pan, 28 cm', 1, 79.0);
