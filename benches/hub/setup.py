"""Prepares the hub for the load: no limit of messages, and a robot that users write to."""

import vh

vh.SetConfig("config", "flood_messages", "0")
vh.AddRobot("Counter", 0, "", "", "", "0")
