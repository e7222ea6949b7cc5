-- SPDX-License-Identifier: ISC
return {
  site = "spine",
  ["http.allow"] = "127.0.0.0/8",
  ["credentials.default"] = { community = "public", write_community = "private" },
}
