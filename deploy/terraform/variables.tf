variable "region" {
  description = "Where the function runs: DEPLOY_REGION of s.yaml."
  type        = string
  default     = "cn-shanghai"
}

variable "triggers" {
  description = "Which triggers of s.yaml Terraform owns. The others stay with Serverless Devs."
  type        = set(string)
  default     = ["peering-events"]
}

variable "service_linked_roles" {
  description = "Service-linked roles of EventBridge to create. Creating one that exists is an error: list only those that the account does not have yet."
  type        = set(string)
  default     = []
}

variable "create_role" {
  description = "Create the function's role, with the policies of deploy/ram."
  type        = bool
  default     = false
}

variable "guard_members" {
  description = "Let the function assume the role peerguard of member accounts: true if policy.yaml has guard.accounts."
  type        = bool
  default     = false
}

variable "failure_topic" {
  description = "Topic of Simple Message Queue that DEPLOY_FAILURE_DESTINATION names."
  type        = string
  default     = "peerguard-failed"
}

variable "dead_letter_queue" {
  description = "Queue of Simple Message Queue that DEPLOY_DEAD_LETTER_QUEUE of s.yaml names. It must exist."
  type        = string
  default     = "peerguard-dead-letters"
}

variable "log_project" {
  description = "Project of Simple Log Service: DEPLOY_LOG_PROJECT of s.yaml."
  type        = string
}

variable "logstore" {
  description = "Logstore in it: DEPLOY_LOG_STORE of s.yaml."
  type        = string
  default     = "peerguard"
}

variable "action_policy_id" {
  description = "Action policy that says who is told about an alert, and how. Empty: create no alerts."
  type        = string
  default     = ""
}
