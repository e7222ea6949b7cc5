/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/sensors.h"

#include "base/mem.h"

#define NOC_SENSOR(name) extern const struct noc_sensor_ops name;
#include "sensors/sensors.def"
#undef NOC_SENSOR

static const struct noc_sensor_ops *const sensor_rows[] = {
#define NOC_SENSOR(name) &name,
#include "sensors/sensors.def"
#undef NOC_SENSOR
};

const struct noc_sensor_ops *
noc_sensor_at(size_t i)
{
	return i < NOC_COUNT(sensor_rows) ? sensor_rows[i] : NULL;
}
