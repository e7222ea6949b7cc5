/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_SENSORS_H
#define NOC_SENSORS_SENSORS_H

#include "engine/edge/sensor.h"

/* The table of all ways in (sensors.def).  Main thread, at start. */
const struct noc_sensor_ops *noc_sensor_at(size_t i); /* NULL past the end */

#endif
