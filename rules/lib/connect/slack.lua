-- SPDX-License-Identifier: ISC
-- Slack: chat.postMessage with a bot's token, or an incoming webhook.
--   slack { auth = secret "slack-bot" }, slack { url = secret "slack-hook" }
local kit = require "lib.connect.kit"

return function(c)
  local url = kit.instance("slack", c, { "url", "auth", "block" })
  if c.auth == nil and c.url == nil then error("slack needs 'auth' of a bot, or the 'url' of a webhook", 2) end
  local block, slack = c.block or "chat", {}

  -- Said twice is better than a run that asks people whether it was said.
  if c.auth == nil then
    slack.post = kit.request("slack.post", { "text!", "blocks" }, function(o)
      return { http.post { url = url, json = { text = o.text, blocks = o.blocks }, idempotent = true },
        timeout = "30s", block = block, expect = { body = "ok" } }
    end)
    return slack
  end
  local api = url or "https://slack.com"

  -- It answers 200 whatever became of it; what it says is in "error".
  slack.post = kit.request("slack.post", { "channel!", "text!", "blocks", "thread" }, function(o)
    return { http.post { url = api .. "/api/chat.postMessage", auth = c.auth, idempotent = true,
        json = { channel = o.channel, text = o.text, blocks = o.blocks, thread_ts = o.thread } },
      timeout = "30s", block = block, output = { id = "body.ts", channel = "body.channel", error = "body.error", answer = "body.ok", body = false },
      expect = { answer = exists }, fail_if = { answer = false } }
  end)
  return slack
end
