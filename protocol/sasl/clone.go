package sasl

// Copies of logins under way: whoever plays through what could come next needs
// one for each way.

func (x *exchange) Clone() Exchange {
	c := *x
	c.server = x.server.clone()
	return &c
}

func (s plainServer) clone() server { return s }

func (s *loginServer) clone() server { c := *s; return &c }

func (s *cramServer) clone() server { return s } // it does not change

func (s *oauthServer) clone() server { c := *s; return &c }

func (s *scramServer) clone() server {
	c, talk := *s, *s.talk // what the library's value points to does not change
	c.talk = &talk
	return &c
}

func (l plainLogin) Clone() Login { return l }

func (l *loginLogin) Clone() Login { c := *l; return &c }

func (l *cramLogin) Clone() Login { c := *l; return &c }

func (l *oauthLogin) Clone() Login { c := *l; return &c }

func (l *scramLogin) Clone() Login {
	c, talk := *l, *l.talk // what the library's value points to is safe to share
	c.talk = &talk
	return &c
}
