/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_RULES_FIXTURE_H
#define NOC_TESTS_UNIT_RULES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/inventory/inventory.h"
#include "engine/event/event.h"
#include "engine/edge/action.h"
#include "engine/rule/ruleset.h"
#include "actions/actions.h"

static const char *const rules_exec_gives[] = { "exit", "stdout", "json",
						NULL };
static const char *const rules_http_gives[] = { "status", "body", NULL };

/* Actions that do nothing, with the flags of the real ones, which say what a
 * rule may write. */
static const struct noc_action_ops rules_ops[] = {
	{ .name = "snmp.get", .flags = NOC_ACTION_READS },
	{ .name = "snmp.walk", .flags = NOC_ACTION_READS },
	{ .name = "snmp.set",
	  .flags = NOC_ACTION_MUTATES | NOC_ACTION_IDEMPOTENT },
	{ .name = "exec",
	  .flags = NOC_ACTION_MUTATES,
	  .gives = rules_exec_gives },
	{ .name = "http.get",
	  .flags = NOC_ACTION_READS,
	  .gives = rules_http_gives },
	{ .name = "http.post", .flags = NOC_ACTION_MUTATES },
	{ .name = "mail", .flags = NOC_ACTION_NOTIFIES },
	{ .name = "notify", .flags = NOC_ACTION_NOTIFIES | NOC_ACTION_CORE },
	{ .name = "log", .flags = NOC_ACTION_CORE },
	{ .name = "emit", .flags = NOC_ACTION_CORE },
	{ .name = "start", .flags = NOC_ACTION_CORE },
};

static inline void
rules_register(void)
{
	static const struct noc_action_ops *table[NOC_COUNT(rules_ops)];

	for (size_t i = 0; i < NOC_COUNT(rules_ops); i++)
		table[i] = &rules_ops[i];
	noc_actions_register();
	noc_action_register(table, NOC_COUNT(rules_ops));
}

/* The set, or the test fails with the messages. */
static inline struct noc_ruleset *
rules_load(const char *text)
{
	struct noc_ruleset *rs = NULL;
	struct noc_err err = { NOC_OK, "" };
	char *errors = NULL;

	rules_register();
	if (noc_ruleset_load_text("t.lua", text, &rs, &errors, &err))
		fail_msg("%s\n%s", err.msg, errors ? errors : "");
	return rs;
}

/* The messages of a text that must be refused (returned: free). */
static inline char *
rules_refused(const char *text)
{
	struct noc_ruleset *rs = NULL;
	struct noc_err err = { NOC_OK, "" };
	char *errors = NULL;

	rules_register();
	if (!noc_ruleset_load_text("t.lua", text, &rs, &errors, &err))
		fail_msg("was not refused: %s", text);
	if (err.kind != NOC_ECONFIG || !errors)
		fail_msg("refused without messages: %s", err.msg);
	return errors;
}

#define assert_refused(text, ...)                                          \
	do {                                                               \
		static const char *const want_[] = { __VA_ARGS__ };        \
		char *got_ = rules_refused(text);                          \
                                                                           \
		for (size_t i_ = 0; i_ < NOC_COUNT(want_); i_++)           \
			if (!strstr(got_, want_[i_]))                      \
				fail_msg("want \"%s\" in:\n%s", want_[i_], \
					 got_);                            \
		free(got_);                                                \
	} while (0)

/* A device of a test's inventory; nothing in it is freed. */
static inline struct noc_device
rules_device(const char *name, const char *role, const char *site)
{
	struct noc_device d = { .name = name,
				.role = role,
				.site = site,
				.vendor = "",
				.credential = "" };

	return d;
}

#endif
