-- SPDX-License-Identifier: ISC
test "all of them, a wave after the other" {
  inventory {
    sw1 = { address = "192.0.2.1", role = "access" }, sw2 = { address = "192.0.2.2", role = "access" },
    sw3 = { address = "192.0.2.3", role = "access" }, core = { address = "192.0.2.9", role = "core" },
  },
  stub { exec = { json = { image = "15.1" } } },
  at "0s" { "start", flow = "firmware", input = { image = "16.2", lab = "lab" } },
  at "1m" { expect.run "firmware" { state = "Succeeded" }, expect.items "device" { ok = 3 } },
}
test "a wave of which one fails is taken back, and the rest is not begun" {
  inventory {
    sw1 = { address = "192.0.2.1", role = "access" }, sw2 = { address = "192.0.2.2", role = "access" },
    sw3 = { address = "192.0.2.3", role = "access" },
  },
  stub {
    exec = { json = { image = "15.1" } },
    -- pre_check, image_check, upgrade, error_check; then its post_check
    ["exec sw2"] = { { json = { image = "15.1" } }, {}, {}, {}, { error = "permanent", message = "7 errors" }, {} },
  },
  at "0s" { "start", flow = "firmware", input = { image = "16.2", lab = "lab" } },
  at "1m" { expect.run "firmware" { state = "Failed" },
    expect.items "device" { ok = 1, failed = { "sw2" } },
    expect.undone "upgrade" { "sw2" } },
}
