-- SPDX-License-Identifier: ISC
-- Firmware of all access switches, in waves: one, a tenth, the rest.  A wave
-- of which a device fails is taken back, and the rest is not begun; the waves
-- before it keep the new image.  The scripts are found by PATH.
flow "firmware" {
  input = {
    image = "string", -- what the devices shall run
    lab = "string",   -- where the devices are: see bin/device.sh
  },
  guard = { targets = 1000 }, -- more are refused before the first of them
  each "device" {
    over = inventory { role = "access" }, as = "sw", key = "{sw.name}",
    waves = { "1", "10%", "rest" }, limit = 16, undo = "wave",
    check = {
      step "all_quiet" {
        exec { "error-check", "--all", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
        timeout = "20s", target = "lab",
      },
    },

    step "pre_check" {
      exec { "pre-check", "{sw.name}", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
      target = "{sw.name}", timeout = "20s", output = { image = "json.image" },
    },
    step "image_check" {
      exec { "image-check", "{sw.name}", "{input.image}", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
      target = "{sw.name}", timeout = "20s",
    },
    step "upgrade" {
      exec { "upgrade", "{sw.name}", "{input.image}", env = { FIRMWARE_LAB = "{input.lab}" } },
      target = "{sw.name}", timeout = "60s",
      -- Nobody knows after a crash: look whether it runs the image.
      probe = exec { "upgrade", "--look", "{sw.name}", "{input.image}", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
      undo = exec { "upgrade", "{sw.name}", "{steps.pre_check.image}", env = { FIRMWARE_LAB = "{input.lab}" } },
    },
    step "error_check" {
      exec { "error-check", "{sw.name}", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
      target = "{sw.name}", timeout = "20s",
    },
    step "post_check" {
      exec { "post-check", "{sw.name}", "{input.image}", env = { FIRMWARE_LAB = "{input.lab}" }, mutates = false },
      target = "{sw.name}", timeout = "20s",
    },
  },
}
