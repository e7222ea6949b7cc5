/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_NUMBER_H
#define NOC_BASE_NUMBER_H

#define NOC_NUMBER_TEXT 32

/*
 * The shortest decimal text of a finite d that reads back as d, always with
 * '.' whatever the locale: "3", "0.1", "1e+300".  Returns buf.
 */
char *noc_number_format(char buf[NOC_NUMBER_TEXT], double d);

#endif
