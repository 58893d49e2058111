/** Which Node runs the scripts of this checkout. */
process.stdout.write(`${process.version}\n`);
