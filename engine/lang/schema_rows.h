/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LANG_SCHEMA_ROWS_H
#define NOC_ENGINE_LANG_SCHEMA_ROWS_H

#include "engine/lang/schema.h"

/* How a row of the option tables is written; only schema_*.c and the actions
 * include it. */

#define END                                                \
	{                                                  \
		NULL, NOC_OPT_ANY, NULL, false, NULL, NULL \
	}

#define OPT(name, type, help)                                 \
	{                                                     \
		name, NOC_OPT_##type, NULL, false, NULL, help \
	}
#define DEF(name, type, def, help)                           \
	{                                                    \
		name, NOC_OPT_##type, NULL, false, def, help \
	}
#define VAL(name, type, values, def, help)                     \
	{                                                      \
		name, NOC_OPT_##type, values, false, def, help \
	}
#define REQ(name, type, values, help)                          \
	{                                                      \
		name, NOC_OPT_##type, values, true, NULL, help \
	}

#endif
