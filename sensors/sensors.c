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

static const struct noc_sensor_ops *const *sensor_table;
static size_t sensor_count;

void
noc_sensor_register(const struct noc_sensor_ops *const *table, size_t n)
{
	sensor_table = table;
	sensor_count = n;
}

const struct noc_sensor_ops *
noc_sensor_at(size_t i)
{
	return i < sensor_count ? sensor_table[i] : NULL;
}

void
noc_sensors_register(void)
{
	noc_sensor_register(sensor_rows, NOC_COUNT(sensor_rows));
}
