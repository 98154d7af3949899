# The smallest script for a node of the tests: shows that it ran, and that its environment arrived.
:persistent_term.put(:hello, System.fetch_env!("HELLO"))
