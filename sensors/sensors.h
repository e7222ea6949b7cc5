/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_SENSORS_H
#define NOC_SENSORS_SENSORS_H

#include "engine/edge/sensor.h"

/* The table of all ways in (sensors.def).  Main thread, at start. */
void noc_sensors_register(void);
const struct noc_sensor_ops *noc_sensor_at(size_t i); /* NULL past the end */
void noc_sensor_register(const struct noc_sensor_ops *const *table, size_t n);

#endif
