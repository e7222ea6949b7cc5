/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/mem.h"
#include "engine/inventory/inventory.h"
#include "engine/inventory/load.h"

static struct noc_inventory *
parse(const char *name, const char *text)
{
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	if (noc_inventory_parse(name, text, strlen(text), &inv, &err))
		fail_msg("%s", err.msg);
	return inv;
}

static const struct noc_device *
named(const struct noc_inventory *inv, const char *name)
{
	return noc_inventory_by_name(inv, noc_slice_str(name));
}

static void
refuses(const char *text, const char *why)
{
	struct noc_inventory *inv = NULL;
	struct noc_err err = { 0 };

	assert_int_equal(
	    noc_inventory_parse("i.csv", text, strlen(text), &inv, &err),
	    NOC_ECONFIG);
	assert_null(inv);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	assert_non_null(strstr(err.msg, "i.csv"));
}

static void
test_csv(void **state)
{
	struct noc_inventory *inv;
	const struct noc_device *d;

	(void)state;
	inv = parse("i.csv",
		    "\xef\xbb\xbf# from the spreadsheet\r\n"
		    "Name, Address ,role,site,tags,note\r\n"
		    "\r\n"
		    "sw1,\"192.0.2.1;2001:0DB8::0001\",access,\"Warsaw, "
		    "Centre\",\"core;lab\",\"says \"\"hi\"\"\nand more\"\r\n"
		    "  sw2 , 192.0.2.2/24 ,,krk\r\n"
		    ",,,,,\r\n"
		    "sw3");
	assert_int_equal(inv->ndevices, 3);
	d = named(inv, "SW1");
	assert_non_null(d);
	assert_string_equal(d->site, "Warsaw, Centre");
	assert_int_equal(d->naddresses, 2);
	assert_int_equal(d->ntags, 2);
	assert_string_equal(noc_value_get_str(d->extra, "note", ""),
			    "says \"hi\"\nand more");
	assert_ptr_equal(
	    noc_inventory_by_address(inv, noc_slice_str("2001:db8::1")), d);
	d = named(inv, "sw2");
	assert_string_equal(d->name, "sw2");
	assert_string_equal(d->role, "");
	assert_ptr_equal(
	    noc_inventory_by_address(inv, noc_slice_str("192.0.2.2")), d);
	assert_int_equal(named(inv, "sw3")->naddresses, 0);
	/* Where a row was is nobody's field. */
	assert_int_equal(noc_value_len(d->extra), 3);
	noc_inventory_unref(inv);
}

static void
test_bad(void **state)
{
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_inventory_parse("i.json", "\"x\"", 3, &inv, &err),
			 NOC_ECONFIG);
	assert_non_null(strstr(err.msg, "a list or an object"));
	refuses("name,role\nsw1,a\nsw2,b,c\n", "Line 3 has more fields");
	refuses("name,note\nsw1,\"a\nb\"\nsw1,x\n",
		"sw1 is in the inventory twice (Line 4)");
	refuses("name,note\nsw1,\"a\nb\n", "Line 2: a field begins with \"");
	refuses("name,note\nsw1,\"a\"b\n", "Line 2: text follows");
	refuses("hostname,role\nsw1,a\n", "no column is called 'name'");
	refuses("name,role,Role\nsw1,a,b\n", "'role' is there twice");
	refuses("name,role\n,access\n", "Line 2 of the inventory has no name");
	refuses("name,address\na,192.0.2.1\nb,192.0.2.1\n",
		"belongs to both a and b (Line 3)");
	refuses("name,cables\na,eth7\n", "IFNAME=DEVICE/IFNAME");
	refuses("[{\"name\":\"a\"},{\"name\":\"A\"}]", "Row 2");
	refuses("[{\"name\":\"a\"", "");
	refuses("", "It is empty");
	refuses("# name,role\n\n", "It is empty");
}

static void
test_cables(void **state)
{
	struct noc_inventory *inv;
	const struct noc_cable *a, *b;

	(void)state;
	inv = parse("i.csv", "name,cables\n"
			     "sw1,GigabitEthernet1/0/1=sw2/Gi1/0/2;Te1/1=r1/"
			     "ae0.1\n"
			     "sw2,\n");
	a = noc_device_cable(named(inv, "sw1"), noc_slice_str("Gi1/0/1"));
	b = noc_device_cable(named(inv, "sw2"),
			     noc_slice_str("GigabitEthernet1/0/2"));
	assert_non_null(a);
	assert_non_null(b);
	assert_string_equal(a->id, b->id); /* one link, said at one end */
	assert_string_equal(a->far_device, "sw2");
	assert_string_equal(b->far_device, "sw1");
	assert_string_equal(b->far_ifname, a->ifname);
	/* Its far end is in nobody's inventory. */
	a = noc_device_cable(named(inv, "sw1"),
			     noc_slice_str("TenGigabitEthernet1/1"));
	assert_string_equal(a->far_device, "r1");
	assert_null(
	    noc_device_cable(named(inv, "sw2"), noc_slice_str("Gi1/0/3")));
	noc_inventory_unref(inv);
	/* Said at both ends it is the same link. */
	inv = parse("i.json", "{\"a\":{\"cables\":{\"e1\":\"b/e2\"}},"
			      "\"b\":{\"cables\":{\"e2\":{\"device\":\"A\","
			      "\"ifname\":\"e1\"}}}}");
	a = noc_device_cable(named(inv, "a"), noc_slice_str("e1"));
	b = noc_device_cable(named(inv, "b"), noc_slice_str("e2"));
	assert_string_equal(a->id, b->id);
	assert_int_equal(named(inv, "a")->ncables, 1);
	noc_inventory_unref(inv);
}

/* Short and whole names, either way round; never the wrong device. */
static void
test_names(void **state)
{
	struct noc_inventory *inv;

	(void)state;
	inv = parse("i.csv", "name\nsw1\ncore1.waw.example.net\n"
			     "edge.waw.example.net\nedge.krk.example.net\n"
			     "10.0.0.1\n");
	assert_non_null(named(inv, "sw1.example.net"));
	assert_non_null(named(inv, "core1"));
	assert_non_null(named(inv, "CORE1.waw.example.net"));
	assert_null(named(inv, "edge")); /* which? */
	assert_null(named(inv, "10"));
	assert_null(named(inv, "10.9.9.9"));
	assert_null(named(inv, ""));
	noc_inventory_unref(inv);
}

static void
test_select(void **state)
{
	struct noc_inventory *inv;
	const struct noc_device *out[8];
	struct noc_value *sel = noc_value_map();

	(void)state;
	inv = parse("i.csv", "name,role,tags,floor\n"
			     "a,access,x;y,1\nb,access,y,2\nc,core,x,1\n");
	noc_value_set(sel, "role", noc_value_str("access"));
	assert_int_equal(noc_inventory_select(inv, sel, out, 8), 2);
	noc_value_set(sel, "tags", noc_value_str("x"));
	assert_int_equal(noc_inventory_select(inv, sel, out, 8), 1);
	assert_string_equal(out[0]->name, "a");
	noc_value_set(sel, "floor", noc_value_str("2"));
	assert_int_equal(noc_inventory_select(inv, sel, out, 8), 0);
	noc_value_free(sel);
	noc_inventory_unref(inv);
}

/* "big0,10.0.0.0" and on, so many; to be freed. */
static char *
large(size_t n)
{
	size_t cap = n * 48 + 64, len;
	char *text = malloc(cap);

	assert_non_null(text);
	len = (size_t)snprintf(text, cap, "name,address\n");
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, cap - len,
					"big%zu,10.%zu.%zu.%zu\n", i, i >> 16,
					i >> 8 & 255, i & 255);
	return text;
}

/* Names are many: none takes the place of another, or of a kind. */
static void
test_large(void **state)
{
	struct noc_inventory *inv;
	char *text = large(40000);

	(void)state;
	inv = parse("big.csv", text);
	assert_int_equal(inv->ndevices, 40000);
	assert_string_equal(named(inv, "big39999")->name, "big39999");
	assert_string_equal(named(inv, "big39999")->addresses[0],
			    "10.0.156.63");
	noc_inventory_unref(inv);
	free(text);
}

static void
test_a_hundred_thousand_devices(void **state)
{
	struct noc_inventory *inv;
	char *text = large(100000);

	(void)state;
	inv = parse("big.csv", text);
	assert_int_equal(inv->ndevices, 100000);
	assert_non_null(named(inv, "big99999"));
	noc_inventory_unref(inv);
	free(text);
	text = large(100001);
	refuses(text, "100001 devices; the cap is 100000");
	free(text);
}

/* Every column with a value of every type: taken as what it means, or said. */
static void
test_types(void **state)
{
	static const char *const columns[] = {
		"name",	      "role",	   "site",	"vendor",
		"credential", "address",   "addresses", "tags",
		"relay",      "snmp_port", "cables",
	};
	static const char *const values[] = {
		"null", "true",		"161.5",
		"-1",	"70000",	"\"a\\u0000b\"",
		"[]",	"[null]",	"[[\"x\"]]",
		"{}",	"{\"a\":null}", "{\"a\":{\"device\":1}}",
		"\"\"", "\"x\"",	"7",
	};
	unsigned taken = 0;

	(void)state;
	for (size_t c = 0; c < NOC_COUNT(columns); c++)
		for (size_t v = 0; v < NOC_COUNT(values); v++) {
			char *text =
			    noc_asprintf("[{\"name\":\"sw9\"},{%s\"%s\":%s}]",
					 c ? "\"name\":\"sw1\"," : "",
					 columns[c], values[v]);
			struct noc_inventory *inv = NULL;
			struct noc_err err = { 0 };

			if (noc_inventory_parse("i.json", text, strlen(text),
						&inv, &err)) {
				if (!strstr(err.msg, "Row 2") ||
				    !strstr(err.msg, columns[c]))
					if (!strstr(err.msg, "u0000") &&
					    !strstr(err.msg, "JSON") &&
					    !strstr(err.msg, "cable"))
						fail_msg("%s: %s", text,
							 err.msg);
			} else {
				taken++;
				noc_inventory_unref(inv);
			}
			free(text);
		}
	assert_in_range(taken, 30, 90);
}

static void
test_typed(void **state)
{
	static const char text[] =
	    "{\"sw1\":{\"snmp_port\":\"1161\",\"relay\":\"yes\",\"site\":3,"
	    "\"tags\":[\"a\",7],\"address\":null,\"note\":null},"
	    "\"sw2\":{\"snmp_port\":null,\"relay\":0}}";
	struct noc_inventory *inv;
	const struct noc_device *d;

	(void)state;
	inv = parse("i.json", text);
	d = named(inv, "sw1");
	assert_int_equal(d->snmp_port, 1161);
	assert_true(d->relay);
	assert_string_equal(d->site, "3");
	assert_int_equal(d->ntags, 2);
	assert_string_equal(d->tags[1], "7");
	assert_int_equal(d->naddresses, 0);
	d = named(inv, "sw2");
	assert_int_equal(d->snmp_port, 161);
	assert_false(d->relay);
	noc_inventory_unref(inv);
	refuses("[{\"name\":\"sw1\",\"snmp_port\":161.0}]",
		"Row 1 of the inventory, sw1: 'snmp_port' must be a number "
		"from 1 to 65535, not 161.0");
	refuses("[{\"name\":\"sw1\",\"relay\":\"maybe\"}]",
		"'relay' must be true or false, not \"maybe\"");
	refuses("[5]", "Row 1 of the inventory is no table");
	refuses("name,snmp_port\nsw1,99999\n", "Line 2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cables),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_a_hundred_thousand_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
