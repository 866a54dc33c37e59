# The examples, with a mocked provider.

mock_provider "alicloud" {
  mock_data "alicloud_account" {
    defaults = { id = "1111111111111111" }
  }
  mock_data "alicloud_regions" {
    defaults = { regions = [{ id = "cn-shanghai" }] }
  }
}

variables {
  log_project      = "peerguard-logs"
  action_policy_id = "night-shift"
}

run "trigger" {
  command = plan
  module {
    source = "./examples/trigger"
  }
}

run "everything" {
  command = plan
  module {
    source = "./examples/everything"
  }
  assert {
    condition     = output.role == "acs:ram::1111111111111111:role/peerguard"
    error_message = "Another role: ${output.role}"
  }
}
