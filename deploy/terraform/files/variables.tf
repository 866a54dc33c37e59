variable "region" {
  description = "Region of the function."
  type        = string
}

variable "account_id" {
  description = "Account of the function."
  type        = string
}

variable "log_project" {
  description = "Project of Simple Log Service."
  type        = string
}

variable "logstore" {
  description = "Logstore in it."
  type        = string
}

variable "failure_topic" {
  description = "Topic of Simple Message Queue for events whose last retry failed."
  type        = string
}

variable "dead_letter_queue" {
  description = "Queue of Simple Message Queue for events that EventBridge could not deliver."
  type        = string
}

variable "guard_members" {
  description = "Whether the function may assume the role peerguard of member accounts."
  type        = bool
}

variable "read_directory" {
  description = "Whether the function may read the resource directory with its own role."
  type        = bool
}

variable "action_policy_id" {
  description = "Action policy of the alert rules."
  type        = string
}
